#include "core/utf8.hpp"

#include <algorithm>

namespace uflush {
namespace {

/// What a lead byte asks for: how many bytes follow, and the range of the first of them (RFC 3629, 4).
struct Sequence {
  std::size_t more;
  unsigned char first_min;
  unsigned char first_max;
};

constexpr Sequence malformed{0, 1, 0};

Sequence sequence_after(unsigned char lead) noexcept {
  if (lead >= 0xC2 && lead <= 0xDF) return {1, 0x80, 0xBF};
  if (lead == 0xE0) return {2, 0xA0, 0xBF};
  if (lead == 0xED) return {2, 0x80, 0x9F};  // above are the surrogates
  if (lead >= 0xE1 && lead <= 0xEF) return {2, 0x80, 0xBF};
  if (lead == 0xF0) return {3, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {3, 0x80, 0xBF};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  return malformed;
}

}  // namespace

bool is_ascii(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (byte(i) < 0x80) continue;
    const Sequence sequence = sequence_after(byte(i));
    if (sequence.more == 0 || text.size() - i <= sequence.more) return i;
    if (byte(i + 1) < sequence.first_min || byte(i + 1) > sequence.first_max) return i;
    for (std::size_t k = 2; k <= sequence.more; ++k)
      if ((byte(i + k) & 0xC0) != 0x80) return i;
    i += sequence.more;
  }
  return text.size();
}

bool is_valid_utf8(std::string_view text) noexcept {
  return valid_utf8_prefix(text) == text.size();
}

}  // namespace uflush
