#include "protocol/parameter_types.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <limits>
#include <utility>

namespace uflush {
namespace {

/// What strtol makes of the start of a text.
struct LeadingNumber {
  long value = 0;
  std::size_t length = 0;
  std::string_view rest;
  bool out_of_range = false;
};

/// `length` 0 means that there are no digits.
LeadingNumber take_number(std::string_view text) {
  const std::string terminated(text.substr(0, text.find('\0')));
  char* end = nullptr;
  errno = 0;
  const long value = std::strtol(terminated.c_str(), &end, 10);
  const auto length = static_cast<std::size_t>(end - terminated.c_str());
  return LeadingNumber{value, length, text.substr(length), errno == ERANGE};
}

std::string quoted(std::string_view name, std::string_view text) {
  return std::string(name) + " = " + std::string(text);
}

long seconds_per_unit(char unit) noexcept {
  switch (unit) {
    case 'w':
      return 7L * 24 * 3600;
    case 'd':
      return 24L * 3600;
    case 'h':
      return 3600;
    case 'm':
      return 60;
    case 's':
      return 1;
    default:
      return 0;
  }
}

bool same_letter(char left, char right) noexcept {
  const auto lower = [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
  };
  return lower(left) == lower(right);
}

bool same_word(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  for (std::size_t at = 0; at < left.size(); ++at) {
    if (!same_letter(left[at], right[at])) return false;
  }
  return true;
}

/// The minor and patch parts: each a `.` and a number of at most 1023.
bool take_level_part(std::string_view& rest, long& part) {
  constexpr long part_max = 1023;
  if (rest.empty()) return true;
  if (rest.front() != '.') return false;
  const LeadingNumber number = take_number(rest.substr(1));
  if (number.length == 0 || number.value < 0 || number.value > part_max) return false;
  part = number.value;
  rest = number.rest;
  return true;
}

}  // namespace

std::optional<CompatibilityLevel> parse_compatibility_level(std::string_view text) {
  constexpr long major_max = std::numeric_limits<long>::max() >> 20;
  CompatibilityLevel level;
  const LeadingNumber number = take_number(text);
  if (number.length == 0 || number.value < 0 || number.value > major_max) return std::nullopt;
  level.major_level = number.value;
  std::string_view rest = number.rest;
  if (!take_level_part(rest, level.minor_level) || !take_level_part(rest, level.patch_level))
    return std::nullopt;
  if (!rest.empty()) return std::nullopt;
  return level;
}

std::string malformed_level_text(std::string_view text) {
  return "malformed compatibility level syntax: \"" + std::string(text) + '"';
}

ConfigResult<int> parse_int(std::string_view name, std::string_view text, Limits<int> limits) {
  const LeadingNumber number = take_number(text);
  if (number.length == 0 || !number.rest.empty() || number.out_of_range || number.value > INT_MAX ||
      number.value < INT_MIN) {
    return ConfigError{"bad numerical configuration: " + quoted(name, text)};
  }
  const auto refuse = [&](const char* relation, int limit) {
    return ConfigError{"invalid " + std::string(name) + " parameter value " + std::to_string(number.value) +
                       relation + std::to_string(limit)};
  };
  if (limits.min != 0 && number.value < limits.min) return refuse(" < ", limits.min);
  if (limits.max != 0 && number.value > limits.max) return refuse(" > ", limits.max);
  return static_cast<int>(number.value);
}

ConfigResult<std::chrono::seconds> parse_time(std::string_view name, std::string_view text, char default_unit,
                                              Limits<std::chrono::seconds> limits) {
  const auto bad = [&] {
    return ConfigError{"parameter " + std::string(name) + ": bad time value or unit: " + std::string(text)};
  };
  if (text.empty()) return bad();
  // A unit without digits in front is 0 of them; "-s" is no number at all.
  const LeadingNumber number = take_number(text);
  if (number.value < 0 || number.out_of_range) return bad();
  const long unit = seconds_per_unit(number.rest.empty() ? default_unit : number.rest.front());
  const long largest = unit == 1 ? INT_MAX : unit == 0 ? -1 : INT_MAX / unit - 1;
  if (number.value > largest) return bad();
  const std::chrono::seconds value{number.value * unit};
  const auto refuse = [&](const char* relation, std::chrono::seconds limit) {
    return ConfigError{"invalid " + std::string(name) + ": " + std::to_string(value.count()) + relation +
                       std::to_string(limit.count()) + ')'};
  };
  if (limits.min.count() != 0 && value < limits.min) return refuse(" (min ", limits.min);
  if (limits.max.count() != 0 && value > limits.max) return refuse(" (max ", limits.max);
  return value;
}

ConfigResult<bool> parse_bool(std::string_view name, std::string_view text) {
  if (same_word(text, "yes")) return true;
  if (same_word(text, "no")) return false;
  return ConfigError{"bad boolean configuration: " + quoted(name, text)};
}

ConfigResult<std::string> parse_str(std::string_view name, std::string_view text,
                                    Limits<std::size_t> length) {
  const auto refuse = [&](const char* relation, std::size_t limit) {
    return ConfigError{"bad string length " + std::to_string(text.size()) + relation + std::to_string(limit) +
                       ": " + quoted(name, text)};
  };
  if (text.size() < length.min) return refuse(" < ", length.min);
  if (length.max != 0 && text.size() > length.max) return refuse(" > ", length.max);
  return std::string(text);
}

}  // namespace uflush
