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

TEST(ReceiveBuffer, MovesWhatIsKeptToTheFrontWhenThatMakesRoom) {
  ReceiveBuffer buffer;
  const std::string first(400, 'a');
  ASSERT_EQ(receive(buffer, first + std::string(1000, 'b')), 512U);
  EXPECT_TRUE(buffer.full());
  buffer.consume(400);
  EXPECT_EQ(buffer.space().size(), 400U);
  EXPECT_EQ(buffer.text(), std::string(112, 'b'));
  ASSERT_EQ(receive(buffer, "c"), 1U);
  EXPECT_EQ(buffer.text(), std::string(112, 'b') + "c");
}

TEST(ReceiveBuffer, GrowsWhenMoreThanHalfOfItIsKept) {
  ReceiveBuffer buffer;
  ASSERT_EQ(receive(buffer, std::string(512, 'a')), 512U);
  buffer.consume(1);
  EXPECT_EQ(buffer.space().size(), 4U * 512 - 511);
  EXPECT_EQ(buffer.text(), std::string(511, 'a'));
}

TEST(ReceiveBuffer, GivesMemoryBackOnlyWhenNothingIsKept) {
  ReceiveBuffer buffer;
  ASSERT_EQ(receive(buffer, std::string(512, 'a')), 512U);
  ASSERT_EQ(receive(buffer, "b"), 1U);
  buffer.shrink();
  EXPECT_EQ(buffer.text().size(), 513U);
  buffer.consume(513);
  buffer.shrink();
  EXPECT_EQ(buffer.space().size(), 512U);
}

}  // namespace
}  // namespace uflush
