/// How the targets read the bytes that they are given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace uflush {

/// All of them, as text. Lives as long as the input.
[[nodiscard]] inline std::string_view as_text(const std::uint8_t* data, std::size_t size) noexcept {
  // libFuzzer passes a null pointer for the empty input.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libFuzzer's signature
  return size == 0 ? std::string_view{} : std::string_view{reinterpret_cast<const char*>(data), size};
}

/// Takes what stands before the next `separator` off the front of `text`, the separator as well.
[[nodiscard]] inline std::string_view take_until(std::string_view& text, char separator) noexcept {
  const std::size_t end = text.find(separator);
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return front;
}

/// What `separator` separates; at least one part.
[[nodiscard]] inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (text.find(separator) != std::string_view::npos) parts.push_back(take_until(text, separator));
  parts.push_back(text);
  return parts;
}

/// The same bytes cut into pieces, the ends of the pieces at places that depend on nothing but the bytes.
/// Short pieces are as likely as long ones.
[[nodiscard]] inline std::vector<std::string_view> in_pieces(std::string_view bytes) {
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(std::hash<std::string_view>{}(bytes)));
  std::vector<std::string_view> pieces;
  while (!bytes.empty()) {
    const std::size_t size = 1 + random() % (std::size_t{1} << (random() % 8));
    pieces.push_back(bytes.substr(0, size));
    bytes.remove_prefix(pieces.back().size());
  }
  return pieces;
}

/// One piece per byte.
[[nodiscard]] inline std::vector<std::string_view> byte_by_byte(std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
  return pieces;
}

}  // namespace uflush
