/// The replacement text of a pattern rule: `$1`, `${1}` and `$(1)` stand for what a group matched, `$$` for a
/// `$`.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace uflush {

/// What there is to know about a replacement before it is used.
struct Replacement {
  std::size_t index_max = 0;  ///< the highest group that it names
  bool zero_index = false;    ///< it names group 0, which is none
  std::string warning;        ///< why it cannot be parsed

  [[nodiscard]] bool is_malformed() const noexcept { return zero_index || !warning.empty(); }
};

[[nodiscard]] Replacement read_replacement(std::string_view text);

/// What the groups of a pattern matched, from the first on; empty for one that took no part.
using Captures = std::span<std::string_view>;

/// The text that a replacement comes to. It must not be malformed, and `captures` has as many as it names.
[[nodiscard]] std::string expand_replacement(std::string_view text, Captures captures);

}  // namespace uflush
