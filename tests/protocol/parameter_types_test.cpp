#include "protocol/parameter_types.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "protocol/host_name.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;

/// The value as text, or the error.
std::string as_int(std::string_view text) {
  const auto value = parse_int("max_use", text, {.min = 1, .max = 1000});
  return value ? std::to_string(value.value()) : value.error().text;
}

std::string as_time(std::string_view text, char unit = 's') {
  const auto value = parse_time("max_idle", text, unit, {.min = seconds{1}});
  return value ? std::to_string(value.value().count()) : value.error().text;
}

TEST(IntParameterType, IsAWholeNumberWithinItsLimits) {
  EXPECT_EQ(as_int(" +7"), "7");
  EXPECT_EQ(as_int("0"), "invalid max_use parameter value 0 < 1");
  EXPECT_EQ(as_int("1001"), "invalid max_use parameter value 1001 > 1000");
  for (const char* text : {"", "1x", "x", "2147483648", "99999999999999999999"}) {
    EXPECT_EQ(as_int(text), std::string("bad numerical configuration: max_use = ") + text);
  }
}

TEST(TimeParameterType, LooksAtTheFirstLetterBehindTheDigitsOnly) {
  EXPECT_EQ(as_time("1h30m"), "3600");
  EXPECT_EQ(as_time("5sx"), "5");
  EXPECT_EQ(as_time("2w"), "1209600");
  EXPECT_EQ(as_time("2", 'd'), "172800");
}

TEST(TimeParameterType, IsLessThanTheGreatestInt) {
  EXPECT_EQ(as_time("2147483647"), "2147483647");
  EXPECT_EQ(as_time("35791393m"), "2147483580");
  for (const char* text : {"", "-1", "-s", "5S", "5 s", "x", "3550w", "35791394m", "2147483648"}) {
    EXPECT_EQ(as_time(text), std::string("parameter max_idle: bad time value or unit: ") + text);
  }
}

TEST(TimeParameterType, TakesAUnitWithoutDigitsForZero) {
  EXPECT_EQ(as_time("h"), "invalid max_idle: 0 (min 1)");
}

TEST(BoolParameterType, IsYesOrNo) {
  EXPECT_TRUE(parse_bool("b", "YES").value());
  EXPECT_FALSE(parse_bool("b", "no").value());
  EXPECT_EQ(parse_bool("b", "1").error().text, "bad boolean configuration: b = 1");
}

TEST(StrParameterType, HasALeastLength) {
  EXPECT_EQ(parse_str("s", "x", {.min = 1}).value(), "x");
  EXPECT_EQ(parse_str("s", "", {.min = 1}).error().text, "bad string length 0 < 1: s = ");
}

TEST(CompatibilityLevel, HasUpToThreePartsOfLimitedSize) {
  EXPECT_EQ(parse_compatibility_level("3.6"), (CompatibilityLevel{3, 6, 0}));
  EXPECT_EQ(parse_compatibility_level(" +1. 2.1023"), (CompatibilityLevel{1, 2, 1023}));
  EXPECT_EQ(parse_compatibility_level("8796093022207")->major_level, 8796093022207);
  for (const char* text :
       {"", "x", "-1", "1.", ".1", "1..2", "1.1024", "1.-1", "1.2.3.4", "1 ", "8796093022208"}) {
    EXPECT_FALSE(parse_compatibility_level(text)) << text;
  }
}

TEST(HostName, IsMadeOfLabels) {
  for (const char* name : {"a", "A.B-c.d_", "_", "0x1", "1-1", "a--b"}) {
    EXPECT_FALSE(host_name_fault(name)) << name;
  }
  EXPECT_EQ(host_name_fault("a..b"), "valid_hostname: misplaced delimiter: a..b");
  EXPECT_EQ(host_name_fault("a."), "valid_hostname: misplaced delimiter: a.");
  EXPECT_EQ(host_name_fault(".a"), "valid_hostname: misplaced delimiter: .a");
  EXPECT_EQ(host_name_fault("a-.b"), "valid_hostname: misplaced hyphen: a-.b");
  EXPECT_EQ(host_name_fault("a@b"), "valid_hostname: invalid character 64(decimal): a@b");
  EXPECT_EQ(host_name_fault("1.2.3.4"), "valid_hostname: numeric hostname: 1.2.3.4");
}

TEST(HostName, HasAGreatestLength) {
  const std::string label(63, 'a');
  EXPECT_FALSE(host_name_fault(label + ".b"));
  EXPECT_EQ(host_name_fault(label + "a.b"), "valid_hostname: hostname label too long: " + label + "a.b");
  EXPECT_EQ(host_name_fault(std::string(256, 'a')),
            "valid_hostname: bad length 256 for " + std::string(100, 'a') + "...");
}

}  // namespace
}  // namespace uflush
