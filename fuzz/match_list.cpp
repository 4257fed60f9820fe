/// Pattern lists: items are never empty, only the last one may leave a brace open, and tables have a type and
/// a name; the literals, written out and parsed again, are the same items; each `!` in front of a list file
/// turns every item of it round; a list in a file is the list itself.
///
/// The input is the list, then the files /a and /b, separated by bytes of value 1. `/directory` is one, every
/// other file is missing.
#include "protocol/match_list.hpp"

#include <cerrno>
#include <string>
#include <vector>

#include "fuzz/input.hpp"
#include "io/check.hpp"

namespace uflush {
namespace {

using Parts = std::vector<std::string_view>;

MatchList parse(const std::string& text, const Parts& files) {
  return parse_match_list("the_list", text, [&files](const std::string& path) -> Result<std::string> {
    if (path == "/directory") return Error{EISDIR};
    if (path == "/a" && files.size() > 1) return std::string(files[1]);
    if (path == "/b" && files.size() > 2) return std::string(files[2]);
    return Error{ENOENT};
  });
}

bool same(const MatchItem& one, const MatchItem& other) {
  return one.kind == other.kind && one.negated == other.negated && one.text == other.text;
}

void check_item(const MatchItem& item) {
  FLUSH_ASSERT(!item.text.empty());
  switch (item.kind) {
    case MatchItem::Kind::literal:
      FLUSH_ASSERT(item.text.front() != '!' && item.text.front() != '/');
      FLUSH_ASSERT(item.text.front() == '[' || item.text.find(':') == std::string::npos);
      return;
    case MatchItem::Kind::table: {
      const std::size_t colon = item.text.find(':');
      FLUSH_ASSERT(colon != std::string::npos && colon > 0 && colon + 1 < item.text.size());
      return;
    }
    case MatchItem::Kind::unreadable_file:
      FLUSH_ASSERT(item.text.front() == '/' && item.error.number != 0);
      return;
  }
}

/// An item as one can write it, with an even number of `!` at least, so that a `#` is no comment.
std::string written(const MatchItem& item) {
  return (item.negated ? "!" : "!!") + item.text;
}

void check_literals(const MatchList& list) {
  for (const MatchItem& item : list.items) {
    if (item.kind == MatchItem::Kind::unreadable_file) continue;
    const MatchList again = parse(written(item), {});
    FLUSH_ASSERT(again.items.size() == 1 && same(again.items.front(), item));
  }
}

/// How many braces are open at the end.
std::size_t open_braces(std::string_view text) {
  std::size_t depth = 0;
  for (const char byte : text) {
    if (byte == '{') ++depth;
    if (byte == '}' && depth > 0) --depth;
  }
  return depth;
}

/// All of them in one list, which takes an unfinished brace in the last one only.
void check_joined(const MatchList& list) {
  std::string joined;
  for (const MatchItem& item : list.items) joined.append(written(item)).append(", ");
  if (!joined.empty()) joined.resize(joined.size() - 2);
  const MatchList again = parse(joined, {});
  FLUSH_ASSERT(again.items.size() == list.items.size());
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    FLUSH_ASSERT(same(again.items[i], list.items[i]));
    FLUSH_ASSERT(i + 1 == list.items.size() || open_braces(list.items[i].text) == 0);
  }
}

/// `list` was parsed from the text that is /a now.
void check_as_file(const MatchList& list, const Parts& files) {
  for (std::size_t negations = 0; negations < 4; ++negations) {
    const MatchList included = parse(std::string(negations, '!') + "/a", files);
    FLUSH_ASSERT(included.fatal == list.fatal);
    FLUSH_ASSERT(included.items.size() == list.items.size());
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      MatchItem expected = list.items[i];
      expected.negated = expected.negated != (negations % 2 == 1);
      FLUSH_ASSERT(same(included.items[i], expected));
    }
  }
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  constexpr std::size_t input_bytes_max = 600;  // files that name files multiply
  const Parts parts = split(as_text(data, std::min(size, input_bytes_max)), '\1');
  const std::string text(parts.front());
  const MatchList list = parse(text, parts);
  for (const MatchItem& item : list.items) check_item(item);
  FLUSH_ASSERT(list.files_read.size() >= list.errors.size());
  check_literals(list);
  if (list.files_read.empty()) {
    check_joined(list);
    const bool is_one_plain_line =
        text.find_first_of(std::string("\n\0", 2)) == std::string::npos && !text.starts_with('#');
    if (is_one_plain_line) check_as_file(list, {text, text});
  }
  return 0;
}
