#include "core/table/replacement.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include <fmt/format.h>

#include "io/check.hpp"
#include "protocol/brackets.hpp"

namespace uflush {
namespace {

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Splits what follows a `$` off `rest`: a name, or the text between brackets. False when it does not end.
bool take_name(std::string_view& rest, std::string_view& name) noexcept {
  if (rest.starts_with('{') || rest.starts_with('(')) {
    const bool braced = rest.front() == '{';
    const std::size_t length = balanced_length(rest, braced ? '{' : '(', braced ? '}' : ')');
    if (length == 0) return false;
    name = rest.substr(1, length - 2);
    rest.remove_prefix(length);
  } else {
    const auto* const end = std::find_if_not(rest.begin(), rest.end(), is_name_character);
    name = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    rest.remove_prefix(name.size());
  }
  return true;
}

/// The reference keeps 32 bits of the number.
std::uint32_t index_of(std::string_view name) {
  return static_cast<std::uint32_t>(std::strtol(std::string(name).c_str(), nullptr, 10));
}

class Reader {
 public:
  Reader(std::string_view whole, std::string_view zero_index_text)
      : whole_(whole), zero_index_text_(zero_index_text) {}

  Replacement read() {
    std::string_view rest = whole_;
    for (std::size_t dollar = rest.find('$'); dollar != std::string_view::npos; dollar = rest.find('$')) {
      rest.remove_prefix(dollar + 1);
      if (rest.starts_with('$')) {
        rest.remove_prefix(1);
      } else if (!take_reference(rest)) {
        break;
      }
    }
    return std::move(replacement_);
  }

 private:
  /// What follows a `$`. False when nothing more is looked at: as in main.cf, behind a syntax error, and at a
  /// bracket behind a bad reference.
  bool take_reference(std::string_view& rest) {
    const bool bracketed = rest.starts_with('{') || rest.starts_with('(');
    std::string_view name;
    if (!take_name(rest, name)) return give_up(fmt::format("truncated macro reference: \"{}\"", whole_));
    if (bracketed && replacement_.is_malformed()) return false;
    if (name.empty()) return give_up(fmt::format("empty macro name: \"{}\"", whole_));
    take_index(name);
    return true;
  }

  void take_index(std::string_view name) {
    if (name.find_first_not_of("0123456789") != std::string_view::npos) {
      replacement_.problems.push_back({fmt::format("non-numeric replacement index \"{}\"", name)});
      return;
    }
    const std::uint32_t index = index_of(name);
    if (index == 0) replacement_.problems.push_back({fmt::format("{} \"{}\"", zero_index_text_, name)});
    replacement_.index_max = std::max(replacement_.index_max, index);
  }

  bool give_up(std::string text) {
    replacement_.problems.push_back({std::move(text), false});
    return false;
  }

  std::string_view whole_;
  std::string_view zero_index_text_;
  Replacement replacement_;
};

}  // namespace

Replacement read_replacement(std::string_view text, std::string_view zero_index_text) {
  return Reader(text, zero_index_text).read();
}

std::string expand_replacement(std::string_view text, Captures captures) {
  std::string expanded;
  for (std::size_t dollar = text.find('$'); dollar != std::string_view::npos; dollar = text.find('$')) {
    expanded.append(text.substr(0, dollar));
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      expanded.push_back('$');
      text.remove_prefix(1);
      continue;
    }
    std::string_view name;
    FLUSH_ASSERT(take_name(text, name));
    const std::uint32_t index = index_of(name);
    FLUSH_ASSERT(index > 0 && index <= captures.size());
    expanded.append(captures[index - 1]);
  }
  return expanded.append(text);
}

}  // namespace uflush
