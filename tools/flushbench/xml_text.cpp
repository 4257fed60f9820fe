#include "tools/flushbench/xml_text.hpp"

#include "core/utf8.hpp"

namespace uflush::bench {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// The bytes of the character at the front of `text`, as its first byte announces them.
std::size_t announced_bytes(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t bytes = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(bytes, text.size());
}

/// U+FFFE and U+FFFF are UTF-8, but not XML.
bool is_noncharacter(std::string_view character) noexcept {
  return character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
}

std::string_view escaped(std::string_view character) noexcept {
  if (!is_valid_utf8(character) || is_noncharacter(character)) return replacement;
  switch (character.front()) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      break;
  }
  const bool is_control = character.size() == 1 && character.front() >= 0 && character.front() < ' ';
  const bool is_space = character == "\t" || character == "\n";
  return (is_control && !is_space) || character == "\x7F" ? replacement : character;
}

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::string_view character = text.substr(0, announced_bytes(text));
    if (!is_valid_utf8(character)) character = text.substr(0, 1);
    out += escaped(character);
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace uflush::bench
