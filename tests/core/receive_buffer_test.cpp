#include "core/receive_buffer.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace uflush {
namespace {

/// As much of `text` as fits at once, as a receive would bring it.
std::size_t receive(ReceiveBuffer& buffer, std::string_view text) {
  EXPECT_TRUE(buffer.make_room());
  const auto space = buffer.space();
  const std::size_t count = std::min(space.size(), text.size());
  std::copy_n(reinterpret_cast<const std::byte*>(text.data()), count, space.begin());
  buffer.filled(count);
  return count;
}

/// Fills it to the brim with `letter`; returns its size.
std::size_t fill(ReceiveBuffer& buffer, char letter) {
  EXPECT_TRUE(buffer.make_room());
  return receive(buffer, std::string(buffer.space().size(), letter));
}

TEST(ReceiveBuffer, MovesWhatIsKeptToTheFrontWhenThatMakesRoom) {
  ReceiveBudget budget;
  ReceiveBuffer buffer(budget);
  const std::size_t size = fill(buffer, 'a');
  EXPECT_TRUE(buffer.full());
  buffer.consume(size - 100);
  ASSERT_TRUE(buffer.make_room());
  EXPECT_EQ(buffer.space().size(), size - 100);
  ASSERT_EQ(receive(buffer, "b"), 1U);
  EXPECT_EQ(buffer.text(), std::string(100, 'a') + "b");
}

TEST(ReceiveBuffer, GrowsWhenMoreThanHalfOfItIsKept) {
  ReceiveBudget budget;
  ReceiveBuffer buffer(budget);
  const std::size_t size = fill(buffer, 'a');
  buffer.consume(1);
  ASSERT_TRUE(buffer.make_room());
  EXPECT_GT(buffer.space().size(), size);
  EXPECT_EQ(buffer.text(), std::string(size - 1, 'a'));
}

TEST(ReceiveBuffer, GivesMemoryBackOnlyWhenNothingIsKept) {
  ReceiveBudget budget;
  ReceiveBuffer buffer(budget);
  const std::size_t size = fill(buffer, 'a');
  ASSERT_EQ(receive(buffer, "b"), 1U);
  buffer.shrink();
  EXPECT_EQ(buffer.text(), std::string(size, 'a') + "b");
  buffer.consume(size + 1);
  buffer.shrink();
  EXPECT_EQ(buffer.space().size(), size);
}

TEST(ReceiveBuffer, GrowsAsFarAsTheBudgetOfAllAllows) {
  constexpr std::size_t bytes_max = 100'000;
  ReceiveBudget budget(bytes_max);
  ReceiveBuffer first(budget);
  while (first.make_room()) fill(first, 'a');
  EXPECT_GT(first.text().size(), bytes_max / 2);
  EXPECT_LE(budget.used(), bytes_max);
  ReceiveBuffer second(budget);
  while (second.make_room() && second.text().size() < bytes_max) fill(second, 'b');
  EXPECT_LE(budget.used(), bytes_max);
  EXPECT_GE(second.text().size(), ReceiveBudget::free_bytes);
  // What is left of the room is used, by moving what is kept to the front.
  second.consume(10);
  EXPECT_TRUE(second.make_room());
  EXPECT_EQ(second.space().size(), 10U);
  first.consume(first.text().size());
  first.shrink();
  fill(second, 'c');
  EXPECT_TRUE(second.make_room());
}

}  // namespace
}  // namespace uflush
