#include "core/receive_buffer.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace uflush {
namespace {

/// As much of `text` as fits at once, as a receive would bring it.
std::size_t receive(ReceiveBuffer& buffer, std::string_view text) {
  const auto space = buffer.space();
  const std::size_t count = std::min(space.size(), text.size());
  std::copy_n(reinterpret_cast<const std::byte*>(text.data()), count, space.begin());
  buffer.filled(count);
  return count;
}

/// Fills it to the brim with `letter`; returns its size.
std::size_t fill(ReceiveBuffer& buffer, char letter) {
  return receive(buffer, std::string(buffer.space().size(), letter));
}

TEST(ReceiveBuffer, MovesWhatIsKeptToTheFrontWhenThatMakesRoom) {
  ReceiveBuffer buffer;
  const std::size_t size = fill(buffer, 'a');
  EXPECT_TRUE(buffer.full());
  buffer.consume(size - 100);
  EXPECT_EQ(buffer.space().size(), size - 100);
  ASSERT_EQ(receive(buffer, "b"), 1U);
  EXPECT_EQ(buffer.text(), std::string(100, 'a') + "b");
}

TEST(ReceiveBuffer, GrowsWhenMoreThanHalfOfItIsKept) {
  ReceiveBuffer buffer;
  const std::size_t size = fill(buffer, 'a');
  buffer.consume(1);
  EXPECT_GT(buffer.space().size(), size);
  EXPECT_EQ(buffer.text(), std::string(size - 1, 'a'));
}

TEST(ReceiveBuffer, GivesMemoryBackOnlyWhenNothingIsKept) {
  ReceiveBuffer buffer;
  const std::size_t size = fill(buffer, 'a');
  ASSERT_EQ(receive(buffer, "b"), 1U);
  buffer.shrink();
  EXPECT_EQ(buffer.text(), std::string(size, 'a') + "b");
  buffer.consume(size + 1);
  buffer.shrink();
  EXPECT_EQ(buffer.space().size(), size);
}

}  // namespace
}  // namespace uflush
