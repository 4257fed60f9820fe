/// `{...}` in the names of inline, static and union tables.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace uflush {

/// Blanks as C's isspace() has them.
inline constexpr std::string_view blanks = " \t\r\n\v\f";

[[nodiscard]] std::string_view trim_blanks(std::string_view text) noexcept;

/// The index behind the `}` that closes the `{` at the beginning of `text`; npos when nothing does.
[[nodiscard]] std::size_t closing_brace_end(std::string_view text) noexcept;

/// What stands between the outermost braces, trimmed, or what is wrong, in the reference's words.
struct Braced {
  std::string_view inside;
  std::string error;
};

/// `text` starts with `{`. Blanks may follow the closing brace.
[[nodiscard]] Braced strip_braces(std::string_view text);

/// The fields of `text` between commas and blanks; those in braces are kept whole, braces included.
[[nodiscard]] std::vector<std::string_view> split_outside_braces(std::string_view text);

}  // namespace uflush
