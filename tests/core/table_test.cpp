#include <cerrno>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/table/open_table.hpp"

namespace uflush {
namespace {

using namespace std::literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// Opens one table from files in memory and asks it.
struct Opening {
  explicit Opening(const std::string& type_name, std::map<std::string, std::string> files = {},
                   bool utf8 = true) {
    const TableContext context{.utf8 = utf8,
                               .read_file = [&files](const std::string& path) -> Result<std::string> {
                                 if (path == "directory") return Error{EISDIR};
                                 const auto found = files.find(path);
                                 if (found == files.end()) return Error{ENOENT};
                                 return found->second;
                               }};
    result = open_table(type_name, context);
  }

  Lookup find(std::string_view key) {
    Inquiry inquiry;
    const Lookup answer = result.table->find(key, inquiry);
    problems = std::move(inquiry.warnings);
    return answer;
  }
  bool has(std::string_view key) { return find(key) == Lookup::found; }

  OpenedTable result;
  Warnings problems;
};

Opening texthash(std::string content, bool utf8 = true) {
  return Opening("texthash:t", {{"t", std::move(content)}}, utf8);
}

TEST(OpenTable, MakesAnUnsupportedTypeATableThatAlwaysFails) {
  Opening table("nonsense:/etc/x.cf");
  EXPECT_EQ(table.result.error, "unsupported dictionary type: nonsense");
  EXPECT_FALSE(table.result.fatal);
  EXPECT_EQ(table.find("x"), Lookup::failed);
  EXPECT_THAT(table.problems,
              ElementsAre("nonsense:/etc/x.cf is unavailable. unsupported dictionary type: nonsense"));
}

TEST(FailTable, FailsWithoutAWordOfItsOwn) {
  Opening table("fail:x");
  EXPECT_EQ(table.result.error, std::nullopt);
  EXPECT_EQ(table.result.table->keys(), Keys::pattern);
  EXPECT_EQ(table.find("x"), Lookup::failed);
  EXPECT_THAT(table.problems, IsEmpty());
}

TEST(StaticTable, FindsEverything) {
  for (const auto* const name : {"static:x", "static:{x y}", "static:{ x } "}) {
    Opening table(name);
    EXPECT_EQ(table.result.error, std::nullopt) << name;
    EXPECT_TRUE(table.has("example.com")) << name;
    EXPECT_EQ(table.result.table->keys(), Keys::fixed);
  }
}

TEST(StaticTable, RefusesBracesThatDoNotMatch) {
  EXPECT_EQ(Opening("static:{x").result.error, "bad static:name syntax: missing '}' in \"{x\"");
  EXPECT_EQ(Opening("static:{x}y").result.error,
            "bad static:name syntax: syntax error after '}' in \"{x}y\"");
}

TEST(InternalTable, FindsNothing) {
  EXPECT_EQ(Opening("internal:x").find("example.com"), Lookup::not_found);
}

TEST(InlineTable, FindsTheNamesInTheList) {
  Opening table("inline:{a.b=1, {c.d = 2 3} e=,,f=g}");
  EXPECT_EQ(table.result.error, std::nullopt);
  for (const auto* const key : {"a.b", "c.d", "e", "f"}) EXPECT_TRUE(table.has(key)) << key;
  for (const auto* const key : {"x.a.b", "1", "", "g", "2"}) EXPECT_FALSE(table.has(key)) << key;
}

TEST(InlineTable, FindsANameOnlyInItsOwnCase) {
  Opening table("inline:{A.b=1}");
  EXPECT_FALSE(table.has("a.b"));
}

TEST(InlineTable, AcceptsTheSameNameTwiceAndAnEmptyName) {
  EXPECT_EQ(Opening("inline:{a=1,a=2}").result.error, std::nullopt);
  EXPECT_EQ(Opening("inline:{=b}").result.error, std::nullopt);
}

TEST(InlineTable, SaysWhatIsWrongInTheWordsOfTheReference) {
  const auto error = [](const std::string& list, std::string_view what) {
    EXPECT_EQ(Opening(list).result.error,
              fmt::format("{}: \"{}\"; need \"inline:{{name=value...}}\"", what, list));
  };
  for (const auto* const list : {"inline:{}", "inline:x", "inline:{a.b=1", "inline:{a.b=1}x"})
    error(list, "bad syntax");
  error("inline:{ }", "empty table");
  error("inline:{ , }", "empty table");
  error("inline:{a}", "missing '=' after attribute name");
  error("inline:{a = b}", "missing '=' after attribute name");
  error("inline:{{ a b = c }, d=1}", "missing '=' after attribute name");
  error("inline:{{}}", "no key found; expected format: key = value");
  error("inline:{{a=b}c}", "syntax error after '}' in \"{a=b}c\"");
}

TEST(TexthashTable, ReadsKeysWithContinuationsAndComments) {
  Opening table = texthash("# c\n\na.b 1\n 2\n#x\n\n 3\n  # y\nq\n w\ne\t2\r\nf\v3");
  EXPECT_THAT(table.result.warnings, IsEmpty());
  EXPECT_THAT(table.result.files, ElementsAre("t"));
  for (const auto* const key : {"a.b", "q", "e", "f"}) EXPECT_TRUE(table.has(key)) << key;
  for (const auto* const key : {"1", "2", "#", "w", ""}) EXPECT_FALSE(table.has(key)) << key;
}

TEST(TexthashTable, KeepsQuotesInTheKeyAndBlanksBetweenThem) {
  Opening table = texthash("\"x\" 4\n\"y\"z 5\n\"a b\" 3\nr\\s 7\n\"p\\\"q\" 6\n");
  EXPECT_THAT(table.result.warnings, IsEmpty());
  for (const auto* const key : {"\"x\"", "\"y\"z", "\"a b\"", "r\\s", "\"p\\\"q\""})
    EXPECT_TRUE(table.has(key)) << key;
  EXPECT_FALSE(table.has("x"));
}

TEST(TexthashTable, LeavesOutLinesThatMakeNoSense) {
  Opening table = texthash("a\nb   \n\"c 3\nd\xff 4\ne 5\nf\0g 6\nh: 7\n"s);
  EXPECT_THAT(table.result.warnings,
              ElementsAre("t, line 1: expected format: key whitespace value -- ignoring this line",
                          "t, line 2: expected format: key whitespace value -- ignoring this line",
                          "t, line 3: unbalanced '\"' in '\"c 3' -- ignoring this line",
                          "t, line 4: non-UTF-8 input \"d\xff 4\" -- ignoring this line",
                          "t, line 6: expected format: key whitespace value -- ignoring this line",
                          "t, line 7: record is in \"key: value\" format; is this an alias file?"));
  EXPECT_TRUE(table.has("e"));
  EXPECT_TRUE(table.has("h:"));
  EXPECT_FALSE(table.has("a"));
  EXPECT_FALSE(table.has("d\xff"));
}

TEST(TexthashTable, TakesAnyBytesWithoutSmtputf8) {
  Opening table = texthash("d\xff 4\n", false);
  EXPECT_THAT(table.result.warnings, IsEmpty());
  EXPECT_TRUE(table.has("d\xff"));
}

TEST(TexthashTable, LeavesOutAContinuationOfNothing) {
  Opening table = texthash("   aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1\n b\ne 1\n");
  EXPECT_THAT(
      table.result.warnings,
      ElementsAre("t: logical line must not start with whitespace: \"   aaaaaaaaaaaaaaaaaaaaaaaaaaa...\""));
  EXPECT_TRUE(table.has("e"));
}

TEST(TexthashTable, IsUnavailableWhenAKeyComesTwice) {
  Opening table = texthash("a 1\n 2\n#\na 3\n  4\n");
  EXPECT_EQ(table.result.error, "t, line 4: duplicate entry: \"a\"");
  EXPECT_EQ(table.find("a"), Lookup::failed);
  EXPECT_THAT(table.problems, ElementsAre("texthash:t is unavailable. t, line 4: duplicate entry: \"a\""));
  EXPECT_THAT(table.result.files, ElementsAre("t"));
}

TEST(TexthashTable, IsUnavailableWithoutItsFile) {
  Opening table("texthash:missing");
  EXPECT_EQ(table.result.error, "open database missing: No such file or directory");
  EXPECT_FALSE(table.result.fatal);
  EXPECT_EQ(table.find("a"), Lookup::failed);
}

TEST(TexthashTable, EndsTheProcessWhenTheFileIsADirectory) {
  Opening table("texthash:directory");
  EXPECT_EQ(table.result.error, "read directory: Is a directory");
  EXPECT_TRUE(table.result.fatal);
}

TEST(UnionTable, FindsWhatAnyOfItsTablesFinds) {
  Opening table("unionmap:{inline:{a=1}, texthash:t}", {{"t", "b 1\n"}});
  EXPECT_EQ(table.result.error, std::nullopt);
  EXPECT_TRUE(table.has("a"));
  EXPECT_TRUE(table.has("b"));
  EXPECT_FALSE(table.has("c"));
  EXPECT_THAT(table.result.files, ElementsAre("t"));
}

TEST(UnionTable, FailsWhenOneOfItsTablesFailsEvenBehindAHit) {
  Opening table("unionmap:{static:x,foo:y}");
  EXPECT_EQ(table.result.error, "unsupported dictionary type: foo");
  EXPECT_EQ(table.find("a"), Lookup::failed);
  EXPECT_THAT(table.problems, ElementsAre("foo:y is unavailable. unsupported dictionary type: foo"));
}

TEST(UnionTable, TakesTheKindOfKeysFromItsFirstTable) {
  EXPECT_EQ(Opening("unionmap:{static:x,fail:y}").result.table->keys(), Keys::fixed);
  EXPECT_EQ(Opening("unionmap:{fail:y,static:x}").result.table->keys(), Keys::pattern);
}

TEST(UnionTable, RefusesAListThatNamesNoTables) {
  for (const auto* const list :
       {"unionmap:{}", "unionmap:{ }", "unionmap:x", "unionmap:{static:x", "unionmap:{static}"})
    EXPECT_EQ(Opening(list).result.error,
              fmt::format("bad syntax: \"{}\"; need \"unionmap:{{type:name...}}\"", list));
}

TEST(UnionTable, EndsTheProcessWhenOneOfItsTablesDoes) {
  EXPECT_TRUE(Opening("unionmap:{texthash:directory}").result.fatal);
}

/// The two types read the same format; they differ in the expressions and in a few words.
class PatternTable : public testing::TestWithParam<const char*> {
 protected:
  Opening open(std::string content) const {
    return Opening(fmt::format("{}:r", GetParam()), {{"r", std::move(content)}});
  }
  std::string warning(int line, std::string_view text) const {
    return fmt::format("{} map r, line {}: {}", GetParam(), line, text);
  }
};

TEST_P(PatternTable, MatchesWithoutRegardToCase) {
  Opening table = open("/^a.*b$/ x\n/q/i y\n!/z/ neg\n");
  EXPECT_EQ(table.result.table->keys(), Keys::pattern);
  EXPECT_THAT(table.result.warnings, IsEmpty());
  EXPECT_THAT(table.result.files, ElementsAre("r"));
  for (const auto* const key : {"axb", "AXB", "zq", "x"}) EXPECT_TRUE(table.has(key)) << key;
  for (const auto* const key : {"zQ", "axbz"}) EXPECT_FALSE(table.has(key)) << key;
}

TEST_P(PatternTable, MatchesBytesNotCharacters) {
  EXPECT_FALSE(open("/^.\\.b$/ 1\n").has("ü.b"));
}

TEST_P(PatternTable, NestsConditions) {
  Opening table = open("if /a/\nif !/b/\n/c/ 1\nENDIF\n/d/ 2\nendif\n/e/ 3\n");
  EXPECT_THAT(table.result.warnings, IsEmpty());
  for (const auto* const key : {"ac", "ad", "abd", "e", "be"}) EXPECT_TRUE(table.has(key)) << key;
  for (const auto* const key : {"abc", "c", "d", "a"}) EXPECT_FALSE(table.has(key)) << key;
}

TEST_P(PatternTable, LeavesOutRulesThatMakeNoSense) {
  Opening table =
      open("foo\n/x/\n/y/q z\n!/e/ $1\n/a/ $2\n/b/ ${1}\n/q/ $\n/r/ ${1\n/s/ $0\n/w\n!\n/(v)/ $1 $$ $(1)\n");
  const bool regexp = GetParam() == "regexp"sv;
  EXPECT_THAT(table.result.warnings,
              ElementsAre(warning(1, "ignoring unrecognized request"),
                          warning(2, "no replacement text: using empty string"),
                          warning(3, "unknown regexp option \"q\": skipping this rule"),
                          warning(4, "$number found in negative match replacement text: skipping this rule"),
                          warning(5, "out of range replacement index \"2\": skipping this rule"),
                          warning(6, "out of range replacement index \"1\": skipping this rule"),
                          "empty macro name: \"$\"", warning(7, "bad replacement syntax: skipping this rule"),
                          "truncated macro reference: \"${1\"",
                          warning(8, "bad replacement syntax: skipping this rule"),
                          warning(9, "out-of-range replacement index \"0\""),
                          warning(9, "bad replacement syntax: skipping this rule"),
                          warning(10, fmt::format("no closing regexp delimiter \"/\": {} this rule",
                                                  regexp ? "skipping" : "ignoring")),
                          warning(11, "no regexp: skipping this rule")));
  for (const auto* const key : {"x", "v"}) EXPECT_TRUE(table.has(key)) << key;
  for (const auto* const key : {"y", "a", "b", "q", "r", "s", "w"}) EXPECT_FALSE(table.has(key)) << key;
}

TEST_P(PatternTable, ComplainsAboutConditionsThatDoNotNest) {
  Opening table = open("endif\nif /a/ text\n/b/ 1\nendif foo\nif /c/\n/d/ 2\n");
  EXPECT_THAT(
      table.result.warnings,
      ElementsAre(warning(1, "ignoring ENDIF without matching IF"),
                  warning(2, "ignoring extra text after IF statement: \"text\""),
                  warning(2, "do not prepend whitespace to statements between IF and ENDIF"),
                  warning(4, "ignoring extra text after ENDIF"), warning(5, "IF has no matching ENDIF")));
  EXPECT_TRUE(table.has("ab"));
  EXPECT_FALSE(table.has("b"));
}

TEST_P(PatternTable, SaysWhatIsWrongWithAnExpression) {
  const bool regexp = GetParam() == "regexp"sv;
  EXPECT_THAT(open("/e(/ 1\n").result.warnings,
              ElementsAre(warning(1, regexp ? "Unmatched ( or \\("
                                            : "error in regex at offset 2: missing closing parenthesis")));
}

TEST_P(PatternTable, IsUnavailableWithoutItsFileAndEmptyWhenThatIsADirectory) {
  Opening missing(fmt::format("{}:missing", GetParam()));
  EXPECT_EQ(missing.result.error, "open missing: No such file or directory");
  EXPECT_EQ(missing.find("a"), Lookup::failed);
  Opening directory(fmt::format("{}:directory", GetParam()));
  EXPECT_EQ(directory.result.error, std::nullopt);
  EXPECT_EQ(directory.find("a"), Lookup::not_found);
}

INSTANTIATE_TEST_SUITE_P(BothTypes, PatternTable, testing::Values("regexp", "pcre"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace uflush
