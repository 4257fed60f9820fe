/// Text between brackets.
#pragma once

#include <cstddef>
#include <string_view>

namespace uflush {

/// The length of the bracketed text at the start of `text`, brackets included; 0 when it does not end.
/// Brackets of the other kind are ordinary bytes.
[[nodiscard]] inline std::size_t balanced_length(std::string_view text, char open, char close) noexcept {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == open) ++depth;
    if (text[at] == close && --depth == 0) return at + 1;
  }
  return 0;
}

}  // namespace uflush
