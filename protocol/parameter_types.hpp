/// Text to value for the parameter types of main.cf (BEHAVIOUR.md 6.3, 6.4). Every failure is a text in the
/// reference's words, without the severity word.
#pragma once

#include <chrono>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>

#include "io/result.hpp"

namespace uflush {

/// What the reference would log as `fatal:` before it ends. Here the caller decides what ends.
struct ConfigError {
  std::string text;
};

template <typename T>
using ConfigResult = outcome::basic_result<T, ConfigError, outcome::policy::terminate>;

/// The value of `compatibility_level`: `major[.minor[.patch]]`, minor and patch at most 1023 (BEHAVIOUR.md
/// 6.4).
struct CompatibilityLevel {
  long major_level = 0;
  long minor_level = 0;
  long patch_level = 0;

  friend auto operator<=>(const CompatibilityLevel&,
                          const CompatibilityLevel&) =
      default;  // NOLINT(modernize-use-nullptr): clang-tidy 14
};

/// Nothing when the text is not a level.
[[nodiscard]] std::optional<CompatibilityLevel> parse_compatibility_level(std::string_view text);

/// What to log about a text that is none.
[[nodiscard]] std::string malformed_level_text(std::string_view text);

/// Smallest and greatest value that is allowed; 0 stands for "no limit", as in the reference.
template <typename T>
struct Limits {
  T min{};
  T max{};
};

/// Base 10, blanks and a sign in front are fine, the whole text must be a number that fits.
[[nodiscard]] ConfigResult<int> parse_int(std::string_view name, std::string_view text, Limits<int> limits);

/// A number of seconds with an optional unit letter (w d h m s) after the digits; without a letter
/// `default_unit` counts.
[[nodiscard]] ConfigResult<std::chrono::seconds> parse_time(std::string_view name, std::string_view text,
                                                            char default_unit,
                                                            Limits<std::chrono::seconds> limits);

/// `yes` or `no` in any case.
[[nodiscard]] ConfigResult<bool> parse_bool(std::string_view name, std::string_view text);

/// Checks the length in bytes; the value is the text itself.
[[nodiscard]] ConfigResult<std::string> parse_str(std::string_view name, std::string_view text,
                                                  Limits<std::size_t> length);

}  // namespace uflush
