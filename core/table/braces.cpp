#include "core/table/braces.hpp"

#include <fmt/format.h>

namespace uflush {
namespace {

constexpr std::string_view separators = ", \t\r\n";

}  // namespace

std::string_view trim_blanks(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::size_t closing_brace_end(std::string_view text) noexcept {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i + 1;
  }
  return std::string_view::npos;
}

Braced strip_braces(std::string_view text) {
  const std::size_t end = closing_brace_end(text);
  if (end == std::string_view::npos) return {{}, fmt::format("missing '}}' in \"{}\"", text)};
  if (!trim_blanks(text.substr(end)).empty())
    return {{}, fmt::format("syntax error after '}}' in \"{}\"", text)};
  return {trim_blanks(text.substr(1, end - 2)), {}};
}

std::vector<std::string_view> split_outside_braces(std::string_view text) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t start = text.find_first_not_of(separators);
    if (start == std::string_view::npos) return fields;
    text.remove_prefix(start);
    std::size_t depth = 0;
    std::size_t length = 0;
    for (; length < text.size(); ++length) {
      const char c = text[length];
      if (c == '{') ++depth;
      if (c == '}' && depth > 0) --depth;
      if (depth == 0 && separators.find(c) != std::string_view::npos) break;
    }
    fields.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

}  // namespace uflush
