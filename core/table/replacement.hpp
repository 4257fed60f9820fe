/// The replacement text of a pattern rule: `$1`, `${1}` and `$(1)` stand for what a group matched, `$$` for a
/// `$`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace uflush {

/// What there is to know about a replacement without using it.
struct Replacement {
  std::size_t index_max = 0;  ///< the highest group that it names
  bool zero_index = false;    ///< it names group 0, which is none
  std::string warning;        ///< why it cannot be parsed

  [[nodiscard]] bool is_malformed() const noexcept { return zero_index || !warning.empty(); }
};

[[nodiscard]] Replacement read_replacement(std::string_view text);

}  // namespace uflush
