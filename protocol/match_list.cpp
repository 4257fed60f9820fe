#include "protocol/match_list.hpp"

#include <cerrno>
#include <cstddef>
#include <utility>

namespace uflush {
namespace {

constexpr std::string_view separators = ", \t\r\n";
constexpr std::size_t file_nesting_max = 100;

bool is_separator(char byte) noexcept {
  return separators.find(byte) != std::string_view::npos;
}

/// Splits the next item off `rest`, together with the one separator behind it. An unmatched `}` is ordinary;
/// an unmatched `{` runs to the end. Empty when there is none left.
std::string_view take_item(std::string_view& rest) noexcept {
  while (!rest.empty() && is_separator(rest.front())) rest.remove_prefix(1);
  std::size_t depth = 0;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (rest[end] == '{') ++depth;
    if (rest[end] == '}' && depth > 0) --depth;
    if (depth == 0 && is_separator(rest[end])) break;
  }
  const std::string_view item = rest.substr(0, end);
  rest.remove_prefix(end < rest.size() ? end + 1 : end);
  return item;
}

bool names_table(std::string_view pattern) noexcept {
  return pattern.front() != '[' && pattern.find(':') != std::string_view::npos;
}

class MatchListParser {
 public:
  MatchListParser(std::string_view list_name, const ReadFile& read_file, MatchList& list)
      : list_name_(list_name), read_file_(read_file), list_(list) {}

  /// One value or one line of a file. False once the list is fatal.
  bool parse(std::string_view text, bool negated, std::size_t nesting) {
    std::string_view rest = text;
    for (std::string_view item = take_item(rest); !item.empty(); item = take_item(rest)) {
      if (item.front() == '#') {
        warn_about_comment(item, rest);
        return true;
      }
      if (!parse_item(item, negated, nesting)) return false;
    }
    return true;
  }

 private:
  bool parse_item(std::string_view item, bool negated, std::size_t nesting) {
    std::string_view pattern = item;
    while (!pattern.empty() && pattern.front() == '!') {
      negated = !negated;
      pattern.remove_prefix(1);
    }
    if (pattern.empty()) return fail(list_name_ + ": no pattern after '!'");
    if (pattern.front() == '/') return include(std::string(pattern), negated, nesting);
    if (names_table(pattern)) return add_table(pattern, negated);
    list_.items.push_back({MatchItem::Kind::literal, negated, std::string(pattern), {}});
    return true;
  }

  bool add_table(std::string_view pattern, bool negated) {
    if (pattern.front() == ':' || pattern.find(':') + 1 == pattern.size()) {
      return fail("open dictionary: expecting \"type:name\" form instead of \"" + std::string(pattern) + '"');
    }
    list_.items.push_back({MatchItem::Kind::table, negated, std::string(pattern), {}});
    return true;
  }

  bool include(const std::string& path, bool negated, std::size_t nesting) {
    list_.files_read.push_back(path);
    const Result<std::string> contents = read_file_(path);
    if (!contents) return add_unreadable(path, negated, contents.error());
    if (nesting == file_nesting_max) return fail("match_list_parse: read file " + path + ": includes itself");
    std::string_view rest = contents.value();
    while (!rest.empty()) {
      const std::size_t newline = rest.find('\n');
      std::string_view line = rest.substr(0, newline == std::string_view::npos ? newline : newline + 1);
      rest.remove_prefix(line.size());
      line = line.substr(0, line.find('\0'));
      if (!line.starts_with('#') && !parse(line, negated, nesting + 1)) return false;
    }
    return true;
  }

  bool add_unreadable(const std::string& path, bool negated, Error error) {
    if (error.number == EISDIR || error.number == EIO) {
      return fail("match_list_parse: read file " + path + ": " + error.message());
    }
    list_.errors.push_back("open file " + path + ": " + error.message());
    list_.items.push_back({MatchItem::Kind::unreadable_file, negated, path, error});
    return true;
  }

  void warn_about_comment(std::string_view item, std::string_view rest) {
    list_.warnings.push_back(list_name_ + ": comment at end of line is not supported: " + std::string(item) +
                             ' ' + std::string(rest));
  }

  bool fail(std::string text) {
    list_.fatal = std::move(text);
    return false;
  }

  std::string list_name_;
  const ReadFile& read_file_;
  MatchList& list_;
};

}  // namespace

MatchList parse_match_list(std::string_view list_name, std::string_view text, const ReadFile& read_file) {
  MatchList list;
  MatchListParser(list_name, read_file, list).parse(text, false, 0);
  return list;
}

}  // namespace uflush
