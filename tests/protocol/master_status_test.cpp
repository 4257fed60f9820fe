#include "protocol/master_status.hpp"

#include <bit>
#include <string>

#include <gtest/gtest.h>

namespace uflush {
namespace {

TEST(MasterStatusMessage, HasTwelveBytesInNativeOrder) {
  if (std::endian::native != std::endian::little)
    GTEST_SKIP() << "the example is from a little-endian machine";
  const MasterStatusBytes bytes = encode_master_status(9894, 15, MasterStatus::taken);  // BEHAVIOUR.md 1.6
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_EQ(text, std::string_view("\xa6\x26\0\0\x0f\0\0\0\0\0\0\0", 12));
  EXPECT_EQ(encode_master_status(1, 2, MasterStatus::available)[8], std::byte{1});
}

TEST(Generation, IsReadAsOctal) {
  EXPECT_EQ(parse_generation("17"), 15u);
  EXPECT_EQ(parse_generation("0"), 0u);
}

TEST(Generation, EndsAtTheFirstDigitThatIsNotOctal) {
  EXPECT_EQ(parse_generation("8"), 0u);
  EXPECT_EQ(parse_generation("1289"), 10u);
}

TEST(Generation, IsTheLowerHalfOfANumberThatSaturatesAt64Bits) {
  EXPECT_EQ(parse_generation("37777777777"), 0xffffffffu);
  EXPECT_EQ(parse_generation("40000000000"), 0u);
  EXPECT_EQ(parse_generation("40000000001"), 1u);
  EXPECT_EQ(parse_generation("1777777777777777777777"), 0xffffffffu);
  EXPECT_EQ(parse_generation("2000000000000000000000"), 0xffffffffu);
  EXPECT_EQ(parse_generation(std::string(100, '7')), 0xffffffffu);
}

TEST(Generation, IsMadeOfDigitsAlone) {
  for (const auto* text : {"", "x", "1x", " 1", "-1", "+1", "0x1"}) {
    EXPECT_EQ(parse_generation(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace uflush
