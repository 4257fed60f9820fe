#include "core/table/replacement.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "io/check.hpp"

namespace uflush {
namespace {

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The name behind a `$` at the beginning of `text`, and how long the whole reference is; 0 when it does not
/// end.
struct Reference {
  std::string_view name;
  std::size_t length = 0;
};

Reference reference_at(std::string_view text) noexcept {
  const char open = text.size() > 1 ? text[1] : '\0';
  if (open == '{' || open == '(') {
    const std::size_t close = text.find(open == '{' ? '}' : ')', 2);
    if (close == std::string_view::npos) return {};
    return {text.substr(2, close - 2), close + 1};
  }
  const auto end = std::find_if_not(text.begin() + 1, text.end(), is_name_character);
  const auto length = static_cast<std::size_t>(end - text.begin());
  return {text.substr(1, length - 1), length};
}

}  // namespace

Replacement read_replacement(std::string_view text) {
  Replacement replacement;
  const std::string_view whole = text;
  for (std::size_t dollar = text.find('$'); dollar != std::string_view::npos; dollar = text.find('$')) {
    text.remove_prefix(dollar);
    if (text.starts_with("$$")) {
      text.remove_prefix(2);
      continue;
    }
    const Reference reference = reference_at(text);
    if (reference.length == 0) {
      replacement.warning = fmt::format("truncated macro reference: \"{}\"", whole);
      return replacement;
    }
    std::size_t index = 0;
    const char* const end = reference.name.data() + reference.name.size();
    const auto parsed = std::from_chars(reference.name.data(), end, index);
    if (reference.name.empty() || parsed.ec != std::errc{} || parsed.ptr != end) {
      replacement.warning = reference.name.empty()
                                ? fmt::format("empty macro name: \"{}\"", whole)
                                : fmt::format("non-numeric replacement index \"{}\"", reference.name);
      return replacement;
    }
    replacement.zero_index = replacement.zero_index || index == 0;
    replacement.index_max = std::max(replacement.index_max, index);
    text.remove_prefix(reference.length);
  }
  return replacement;
}

std::string expand_replacement(std::string_view text, Captures captures) {
  std::string expanded;
  for (std::size_t dollar = text.find('$'); dollar != std::string_view::npos; dollar = text.find('$')) {
    expanded.append(text.substr(0, dollar));
    text.remove_prefix(dollar);
    if (text.starts_with("$$")) {
      expanded.push_back('$');
      text.remove_prefix(2);
      continue;
    }
    const Reference reference = reference_at(text);
    std::size_t index = 0;
    std::from_chars(reference.name.data(), reference.name.data() + reference.name.size(), index);
    FLUSH_ASSERT(index > 0 && index <= captures.size());
    expanded.append(captures[index - 1]);
    text.remove_prefix(reference.length);
  }
  return expanded.append(text);
}

}  // namespace uflush
