#include "protocol/master_status.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace uflush {

MasterStatusBytes encode_master_status(std::int32_t pid, std::uint32_t generation,
                                       MasterStatus status) noexcept {
  MasterStatusBytes bytes;
  std::memcpy(&bytes[0], &pid, sizeof pid);
  std::memcpy(&bytes[4], &generation, sizeof generation);
  std::memcpy(&bytes[8], &status, sizeof status);
  return bytes;
}

std::optional<std::uint32_t> parse_generation(std::string_view text) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c > '7') break;
    number = number > largest / 8 ? largest : number * 8 + static_cast<std::uint64_t>(c - '0');
    if (number == largest) break;
  }
  return static_cast<std::uint32_t>(number);
}

}  // namespace uflush
