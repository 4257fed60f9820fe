/// The replacement text of a pattern rule: `$1`, `${1}` and `$(1)` stand for what a group matched, `$$` for a
/// `$`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uflush {

/// What there is to know about a replacement before it is used.
struct Replacement {
  struct Problem {
    std::string text;
    bool is_about_rule = true;  ///< else the reference says it without the file and the line
  };

  std::uint32_t index_max = 0;  ///< the highest group that it names
  std::vector<Problem> problems;

  [[nodiscard]] bool is_malformed() const noexcept { return !problems.empty(); }
};

/// `zero_index_text`: what a library's tables say about group 0, which is none.
[[nodiscard]] Replacement read_replacement(std::string_view text, std::string_view zero_index_text);

/// What the groups of a pattern matched, from the first on; empty for one that took no part.
using Captures = std::span<std::string_view>;

/// The text that a replacement comes to. It must not be malformed, and `captures` has as many as it names.
[[nodiscard]] std::string expand_replacement(std::string_view text, Captures captures);

}  // namespace uflush
