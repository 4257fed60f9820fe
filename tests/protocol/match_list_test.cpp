#include "protocol/match_list.hpp"

#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Items as one would write them: `!` for negated, `<table>` and `<errno path>` for the other kinds.
std::vector<std::string> written(const MatchList& list) {
  std::vector<std::string> result;
  for (const MatchItem& item : list.items) {
    std::string text = item.negated ? "!" : "";
    if (item.kind == MatchItem::Kind::literal) text += item.text;
    if (item.kind == MatchItem::Kind::table) text += '<' + item.text + '>';
    if (item.kind == MatchItem::Kind::unreadable_file) {
      text += '<' + std::to_string(item.error.number) + ' ' + item.text + '>';
    }
    result.push_back(text);
  }
  return result;
}

MatchList parse(std::string_view text, const std::map<std::string, std::string>& files = {}) {
  return parse_match_list("fast_flush_domains", text, [&](const std::string& path) -> Result<std::string> {
    if (path == "/directory") return Error{EISDIR};
    const auto found = files.find(path);
    if (found == files.end()) return Error{ENOENT};
    return found->second;
  });
}

TEST(MatchList, SeparatesItemsByCommasAndWhiteSpace) {
  EXPECT_THAT(written(parse("a, b\tc\r\nd,,e ")), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(written(parse("a\vb\fc")), ElementsAre("a\vb\fc"));
  EXPECT_THAT(written(parse(" , ")), IsEmpty());
}

TEST(MatchList, KeepsBracedTextTogether) {
  EXPECT_THAT(written(parse("{a,{b c} d} e")), ElementsAre("{a,{b c} d}", "e"));
  EXPECT_THAT(written(parse("{a}{b c}d e")), ElementsAre("{a}{b c}d", "e"));
  EXPECT_THAT(written(parse("a}b {c d")), ElementsAre("a}b", "{c d"));
}

TEST(MatchList, TogglesNegationWithEveryExclamationMark) {
  EXPECT_THAT(written(parse("!a !!b !!!c")), ElementsAre("!a", "b", "!c"));
}

TEST(MatchList, IsFatalWhenNothingFollowsTheExclamationMark) {
  const MatchList list = parse("a ! b");
  EXPECT_EQ(list.fatal, "fast_flush_domains: no pattern after '!'");
  EXPECT_THAT(written(list), ElementsAre("a"));
}

TEST(MatchList, IgnoresTheRestOfAValueBehindACommentAndWarns) {
  const MatchList list = parse("a #b c");
  EXPECT_THAT(list.warnings,
              ElementsAre("fast_flush_domains: comment at end of line is not supported: #b c"));
  EXPECT_THAT(written(list), ElementsAre("a"));
  EXPECT_THAT(written(parse("!#a b")), ElementsAre("!#a", "b"));
}

TEST(MatchList, TakesTextWithAColonForATableUnlessItIsAnAddress) {
  EXPECT_THAT(written(parse("hash:a !a:b:c [::1] inline:{a=b, c=d}")),
              ElementsAre("<hash:a>", "!<a:b:c>", "[::1]", "<inline:{a=b, c=d}>"));
}

TEST(MatchList, IsFatalForATableWithoutTypeOrName) {
  EXPECT_EQ(parse("!hash:").fatal, "open dictionary: expecting \"type:name\" form instead of \"hash:\"");
  EXPECT_EQ(parse(":x").fatal, "open dictionary: expecting \"type:name\" form instead of \":x\"");
}

TEST(MatchList, PutsTheItemsOfAFileInItsPlace) {
  const MatchList list = parse("x /f y", {{"/f", "a\n/g\n#comment\nb"}, {"/g", "c"}});
  EXPECT_THAT(written(list), ElementsAre("x", "a", "c", "b", "y"));
  EXPECT_THAT(list.files_read, ElementsAre("/f", "/g"));
}

TEST(MatchList, NegatesEveryItemOfANegatedFile) {
  EXPECT_THAT(written(parse("!/f", {{"/f", "a !b !!c\n"}})), ElementsAre("!a", "b", "!c"));
}

TEST(MatchList, ParsesEachLineOfAFileByItself) {
  const MatchList list = parse("/f", {{"/f", "a {b\nc} d\n #e f\ng #h\n  i"}});
  EXPECT_THAT(written(list), ElementsAre("a", "{b\n", "c}", "d", "g", "i"));
  EXPECT_THAT(list.warnings,
              ElementsAre("fast_flush_domains: comment at end of line is not supported: #e f\n",
                          "fast_flush_domains: comment at end of line is not supported: #h "));
}

TEST(MatchList, LosesWhatFollowsANulInALineOfAFile) {
  EXPECT_THAT(written(parse("/f", {{"/f", std::string("a\0b c\nd", 7)}})), ElementsAre("a", "d"));
}

TEST(MatchList, KeepsAnItemForAFileThatCannotBeOpened) {
  const MatchList list = parse("a !/x:y b");
  EXPECT_THAT(written(list), ElementsAre("a", "!<2 /x:y>", "b"));
  EXPECT_THAT(list.errors, ElementsAre("open file /x:y: No such file or directory"));
  EXPECT_THAT(list.files_read, ElementsAre("/x:y"));
  EXPECT_FALSE(list.fatal);
}

TEST(MatchList, IsFatalForADirectory) {
  EXPECT_EQ(parse("/directory").fatal, "match_list_parse: read file /directory: Is a directory");
}

TEST(MatchList, IsFatalForAFileThatIncludesItself) {
  EXPECT_EQ(parse("/f", {{"/f", "a /f"}}).fatal, "match_list_parse: read file /f: includes itself");
}

}  // namespace
}  // namespace uflush
