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
    problems.clear();
    return result.table->find(key, problems);
  }
  bool has(std::string_view key) { return find(key) == Lookup::found; }

  OpenedTable result;
  Warnings problems;
};

Opening texthash(std::string content, bool utf8 = true) {
  return Opening("texthash:t", {{"t", std::move(content)}}, utf8);
}

TEST(OpenTable, MakesAnUnsupportedTypeATableThatAlwaysFails) {
  Opening table("mysql:/etc/x.cf");
  EXPECT_EQ(table.result.error, "unsupported dictionary type: mysql");
  EXPECT_FALSE(table.result.fatal);
  EXPECT_EQ(table.find("x"), Lookup::failed);
  EXPECT_THAT(table.problems,
              ElementsAre("mysql:/etc/x.cf is unavailable. unsupported dictionary type: mysql"));
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

}  // namespace
}  // namespace uflush
