/// For hash tables whose keys are texts.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace uflush {

/// Hashes std::string and std::string_view alike, so that a look-up copies nothing.
struct TextHash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace uflush
