#include "protocol/main_cf.hpp"

#include <string>

#include <gmock/gmock.h>

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

MainCf parse(std::string_view contents) {
  return parse_main_cf("/c/main.cf", contents);
}

TEST(MainCf, TrimsBlanksAroundNameAndValue) {
  const MainCf file = parse("p = a\tb  \t\nq=1\r\nempty =\nequals == x # y\n");
  EXPECT_THAT(file.table,
              ElementsAre(Pair("empty", ""), Pair("equals", "= x # y"), Pair("p", "a\tb"), Pair("q", "1")));
  EXPECT_THAT(file.warnings, IsEmpty());
  EXPECT_FALSE(file.fatal);
}

TEST(MainCf, JoinsLinesThatBeginWithWhiteSpace) {
  EXPECT_THAT(parse("p=a\n  b\n\tc\nq=1").table, ElementsAre(Pair("p", "a  b\tc"), Pair("q", "1")));
  EXPECT_THAT(parse("p\n  =1\n").table, ElementsAre(Pair("p", "1")));
}

TEST(MainCf, SkipsCommentsAndBlankLinesWithoutEndingTheLogicalLine) {
  EXPECT_THAT(parse("# x\n\np=a\n  b\n# c\n  c\n  # d\n\n   \n\td\n").table,
              ElementsAre(Pair("p", "a  b  c\td")));
}

TEST(MainCf, LosesTheBytesBehindANul) {
  EXPECT_THAT(parse(std::string("p=a\0b\n c\n", 9)).table, ElementsAre(Pair("p", "a")));
  EXPECT_EQ(parse(std::string("p=a\n\0b\n", 7)).fatal, "/c/main.cf, line 2: missing attribute name: \"\"");
}

TEST(MainCf, WarnsWhenALaterEntryDiffersAndLetsItWin) {
  const MainCf file = parse("p=1\np = 1 \np=2\np=3\n");
  EXPECT_THAT(file.table, ElementsAre(Pair("p", "3")));
  EXPECT_THAT(file.warnings, ElementsAre("/c/main.cf, line 3: overriding earlier entry: p=1",
                                         "/c/main.cf, line 4: overriding earlier entry: p=2"));
}

TEST(MainCf, IgnoresAFirstLogicalLineThatIsIndented) {
  const MainCf file = parse("  #x\n abc\n def\n#\n ghi\np=1\n");
  EXPECT_THAT(file.table, ElementsAre(Pair("p", "1")));
  EXPECT_THAT(file.warnings,
              ElementsAre("/c/main.cf: logical line must not start with whitespace: \" abc def ghi\""));
  EXPECT_THAT(parse(' ' + std::string(30, 'x')).warnings,
              ElementsAre("/c/main.cf: logical line must not start with whitespace: \" " +
                          std::string(29, 'x') + "...\""));
}

TEST(MainCf, IsFatalForALineWithoutNameOrEqualsSign) {
  EXPECT_EQ(parse("p=1\nfoo bar baz = 3\n").fatal,
            "/c/main.cf, line 2: missing '=' after attribute name: \"foo bar baz = 3\"");
  EXPECT_EQ(parse("p\n=1\n").fatal, "/c/main.cf, line 1: missing '=' after attribute name: \"p\"");
  EXPECT_EQ(parse("=x\n").fatal, "/c/main.cf, line 1: missing attribute name: \"=x\"");
}

TEST(MainCf, NamesTheFirstLineOfALogicalLine) {
  EXPECT_EQ(parse("#\na\n  b\n").fatal, "/c/main.cf, line 2: missing '=' after attribute name: \"a  b\"");
}

TEST(MainCf, PassesOverBadLinesWhenAskedTo) {
  const MainCf file = parse_main_cf("/c/x.cf", "p=1\nfoo\n=x\nq=2\n", {}, BadLine::is_passed_over);
  EXPECT_THAT(file.table, ElementsAre(Pair("p", "1"), Pair("q", "2")));
  EXPECT_THAT(file.warnings, ElementsAre("/c/x.cf, line 2: missing '=' after attribute name: \"foo\"",
                                         "/c/x.cf, line 3: missing attribute name: \"=x\""));
  EXPECT_FALSE(file.fatal);
}

TEST(MainCf, FindsTheEntryThatCountsWithItsLine) {
  const char* contents = " p = ignored\n# p = 1\n\np = a\n  b\nq = 1\np = 2  3\nfoo\n";
  const auto entry = find_entry(contents, "p");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->line_number, 7U);
  EXPECT_EQ(entry->value, "2  3");
  EXPECT_EQ(find_entry(contents, "q").value_or(EntryAt{}).line_number, 6U);
  EXPECT_FALSE(find_entry(contents, "foo"));
}

}  // namespace
}  // namespace uflush
