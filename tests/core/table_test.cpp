#include <cerrno>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

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
                               .read_file = [&](const std::string& path) -> Result<std::string> {
                                 files_read.push_back(path);
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
  std::vector<std::string> files_read;
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
  EXPECT_THAT(table.files_read, ElementsAre("t"));
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
  EXPECT_THAT(table.files_read, ElementsAre("t"));
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
  EXPECT_THAT(table.files_read, ElementsAre("t"));
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

TEST(UnionTable, SaysOfEveryMemberWhyItIsNotThere) {
  Opening table("unionmap:{nonsense:x, texthash:none}");
  EXPECT_EQ(table.result.error, "unsupported dictionary type: nonsense");
  EXPECT_THAT(table.result.further_errors, ElementsAre("open database none: No such file or directory"));
}

TEST(PipeTable, AsksEachTableForWhatTheOneBeforeHasFound) {
  Opening table("pipemap:{inline:{a=b, x=y, z=}, inline:{b=c, {=d}}, static:e}");
  EXPECT_TRUE(table.has("a"));
  EXPECT_TRUE(table.has("z"));  // an empty value is a key, too
  EXPECT_EQ(table.find("b"), Lookup::not_found);
  EXPECT_EQ(table.find("x"), Lookup::not_found);
  EXPECT_EQ(table.result.table->keys(), Keys::fixed);
  EXPECT_EQ(table.result.error, std::nullopt);
}

TEST(PipeTable, FoldsNoValue) {
  EXPECT_TRUE(Opening("pipemap:{inline:{a=B}, inline:{B=c}}").has("a"));
  EXPECT_FALSE(Opening("pipemap:{inline:{a=B}, inline:{b=c}}").has("a"));
}

TEST(PipeTable, FailsOnlyWhenItReachesATableThatFails) {
  Opening table("pipemap:{inline:{a=b}, fail:x}");
  EXPECT_EQ(table.find("a"), Lookup::failed);
  EXPECT_EQ(table.find("b"), Lookup::not_found);
}

TEST(PipeTable, TakesTheKindOfKeysFromItsFirstTable) {
  EXPECT_EQ(Opening("pipemap:{regexp:{{/x/ y}}, static:x}").result.table->keys(), Keys::pattern);
}

TEST(PipeTable, RefusesAListThatNamesNoTables) {
  for (const std::string name : {"pipemap:{}", "pipemap:x", "pipemap:{x}", "pipemap:{inline:{a=b}}x"})
    EXPECT_EQ(Opening(name).result.error,
              fmt::format("bad syntax: \"{}\"; need \"pipemap:{{type:name...}}\"", name));
}

TEST(PipeTable, NamesTheTableWhoseValueIsNotUtf8) {
  Opening table("pipemap:{inline:{a=b}, static:\xff}");
  EXPECT_EQ(table.find("a"), Lookup::failed);
  EXPECT_THAT(table.problems,
              ElementsAre("static:\xff: key \"b\": non-UTF-8 value \"\xff\": malformed UTF-8 or "
                          "invalid codepoint"));
}

TEST(PipeTable, AsksThroughTheInquiryForValuesToo) {
  Opening table("pipemap:{proxy:hash:t, inline:{b=c}}");
  EXPECT_TRUE(table.result.table->is_remote());
  Inquiry inquiry;
  EXPECT_EQ(table.result.table->find("a", inquiry), Lookup::unanswered);
  EXPECT_FALSE(inquiry.wants_value);
  RemoteAnswer answer;
  answer.lookup = Lookup::found;
  answer.value = "b";
  inquiry.answers.push_back({*inquiry.question, answer});
  EXPECT_EQ(table.result.table->find("a", inquiry), Lookup::found);
}

// postmap -q has the last word on these: see tests/compat.
TEST(Values, AreWhatTheReferenceFinds) {
  struct Case {
    const char* table;
    const char* key;
    const char* value;
  };
  const std::vector<Case> cases = {
      {"inline:{a=b,a=c}", "a", "c"},
      {"inline:{{a = b c }}", "a", "b c"},
      {"texthash:t", "a", "b c"},
      {"static:{x y}", "k", "x y"},
      {"unionmap:{inline:{a=b},inline:{c=d},inline:{a=e}}", "a", "b,e"},
      {"unionmap:{inline:{a=},inline:{a=c},inline:{a=}}", "a", "c,"},
      {"pipemap:{inline:{a=x},unionmap:{static:p,inline:{x=y}}}", "a", "p,y"},
      {"regexp:{{/^(a)|(b)$/ [$1][${2}]$$}}", "b", "[][b]$"},
      {"pcre:{{/^(a)|(b)|(c)$/ [$1][$(2)][${3}]x}}", "b", "[][b][]x"},
      {"regexp:{{!/a/ x}}", "b", "x"},
      {"cidr:{{1.2.3.0/24 foo bar}}", "1.2.3.4", "foo bar"},
      {"unix:passwd.byname", "root", "root:x:0:0:root:/root:"},
      {"unix:group.byname", "root", "root:x:0:"},
  };
  for (const Case& each : cases) {
    Opening table(each.table, {{"t", "a  b c \n"}});
    Inquiry inquiry;
    inquiry.wants_value = true;
    EXPECT_EQ(table.result.table->find(each.key, inquiry), Lookup::found) << each.table;
    EXPECT_THAT(inquiry.value, testing::StartsWith(each.value)) << each.table;
  }
}

TEST(Values, OfPatternsAreLookedAtWithWhatTheirGroupsMatched) {
  for (const char* type : {"regexp", "pcre"}) {
    Opening half(fmt::format("{}:{{{{/^(.)/ $1}}}}", type));
    EXPECT_EQ(half.find("\xc3\xa9"), Lookup::failed) << type;  // half a character
    Opening whole(fmt::format("{}:{{{{/^(..)/ $1}}}}", type));
    EXPECT_EQ(whole.find("\xc3\xa9"), Lookup::found) << type;
  }
}

TEST(RandomTable, FindsEverythingWithTheWholeKey) {
  Opening table("randmap:{a, {b c}}");
  EXPECT_EQ(table.result.table->keys(), Keys::pattern);
  EXPECT_TRUE(table.has("example.com"));
  for (const auto* const list : {"randmap:a", "randmap:{}", "randmap:{ , }", "randmap:{a}x", "randmap:{a"})
    EXPECT_EQ(Opening(list).result.error,
              fmt::format("bad syntax: \"{}\"; need \"randmap:{{value...}}\"", list));
}

TEST(EnvironTable, FindsVariablesOfTheProcess) {
  ASSERT_EQ(::setenv("example.com", "", 1), 0);
  Opening table("environ:any");
  EXPECT_EQ(table.result.table->keys(), Keys::fixed);
  EXPECT_TRUE(table.has("example.com"));
  EXPECT_FALSE(table.has("example.org"));
  EXPECT_FALSE(table.has(""));
  ::unsetenv("example.com");
}

TEST(UnixTable, FindsUsersAndGroups) {
  EXPECT_TRUE(Opening("unix:passwd.byname").has("root"));
  EXPECT_TRUE(Opening("unix:group.byname").has("root"));
  Opening users("unix:passwd.byname");
  EXPECT_EQ(users.find("example.com"), Lookup::not_found);
  EXPECT_THAT(users.problems, IsEmpty());
  EXPECT_TRUE(users.result.table->may_block());
  EXPECT_EQ(Opening("unix:hosts").result.error, "unknown table: unix:hosts");
}

TEST(Values, FailTheLookupWhenTheyAreNotUtf8AndHaveToBe) {
  for (const auto* const name : {"static:\xff", "randmap:{\xff}", "static:{\xff}"}) {
    Opening strict(name);
    EXPECT_EQ(strict.find("x"), Lookup::failed) << name;
    EXPECT_THAT(strict.problems,
                ElementsAre(fmt::format(
                    "{}: key \"x\": non-UTF-8 value \"\xff\": malformed UTF-8 or invalid codepoint", name)));
    EXPECT_TRUE(Opening(name, {}, false).has("x"));
  }
  EXPECT_EQ(Opening("inline:{x=\xff}").result.error,
            "bad UTF-8 syntax: \"inline:{x=\xff}\"; need \"inline:{name=value...}\"");
  EXPECT_TRUE(Opening("inline:{x=\xff}", {}, false).has("x"));
  EXPECT_EQ(Opening("cidr:c", {{"c", "1.1.1.1 \xff\n"}}).find("1.1.1.1"), Lookup::failed);
}

Opening cidr(std::string content) {
  return Opening("cidr:c", {{"c", std::move(content)}});
}

TEST(CidrTable, FindsAddressesOfItsNetworks) {
  Opening table = cidr("10.0.0.0/8 a\n[2001:db8::]/32 b\n[1.1.1.1] c\n2.2.2.2/32 d\n172.16.0.0/12 e\n");
  EXPECT_THAT(table.result.warnings, IsEmpty());
  EXPECT_THAT(table.files_read, ElementsAre("c"));
  EXPECT_EQ(table.result.table->keys(), Keys::pattern);
  for (const auto* const key : {"10.1.1.1", "2001:DB8::1", "1.1.1.1", "2.2.2.2", "172.31.255.255"})
    EXPECT_TRUE(table.has(key)) << key;
  for (const auto* const key : {"11.1.1.1", "2001:db9::1", "172.32.0.0", "::ffff:10.1.1.1", "10.1",
                                "[10.1.1.1]", "010.1.1.1", "10.1.1.1 ", "example.com", ""})
    EXPECT_FALSE(table.has(key)) << key;
}

TEST(InlineRules, AreTheLinesOfATable) {
  Opening table("cidr:{ {if 1.0.0.0/8}, { 1.1.1.1 b } {endif} ,{# c}}");
  EXPECT_THAT(table.files_read, IsEmpty());
  EXPECT_TRUE(table.has("1.1.1.1"));
  EXPECT_FALSE(table.has("2.1.1.1"));
  EXPECT_EQ(Opening("cidr:{}").result.error, std::nullopt);
  EXPECT_TRUE(Opening("pcre:{{/^a{2}$/ x}}").has("aa"));
}

TEST(InlineRules, AreUnavailableWhenBracesDoNotMatch) {
  const auto error = [](const std::string& list) { return Opening(list).result.error.value_or(""); };
  EXPECT_EQ(error("cidr:{x}"), "cidr map: no '{' at start of text in \"x\"");
  EXPECT_EQ(error("cidr:{{1.1.1.1 a} {foo b}"), "cidr map: missing '}' in \"{{1.1.1.1 a} {foo b}\"");
  EXPECT_EQ(error("regexp:{{/1/ a}}x"), "regexp map: syntax error after '}' in \"{{/1/ a}}x\"");
  EXPECT_EQ(error("pcre:{{/1/ a}x}"), "pcre map: syntax error after '}' in \"{/1/ a}x\"");
}

TEST(CidrTable, NegatesWithinOneFamily) {
  Opening table = cidr("!!10.0.0.0/8 a\n! ::1 b\n");
  EXPECT_TRUE(table.has("10.1.1.1"));
  EXPECT_FALSE(table.has("11.1.1.1"));
  EXPECT_TRUE(table.has("::2"));
  EXPECT_FALSE(table.has("::1"));
}

TEST(CidrTable, NestsConditions) {
  Opening table =
      cidr("if !9.0.0.0/8\n::/0 z\nIF 1.0.0.0/8\n1.2.0.0/16 p\nEndIf\n2.2.2.2 q\nendif\n9.9.9.9 r\n");
  EXPECT_THAT(table.result.warnings, IsEmpty());
  for (const auto* const key : {"1.2.3.4", "2.2.2.2", "9.9.9.9"}) EXPECT_TRUE(table.has(key)) << key;
  for (const auto* const key : {"1.3.3.4", "9.1.1.1", "::1"}) EXPECT_FALSE(table.has(key)) << key;
}

TEST(CidrTable, LeavesOutRulesThatMakeNoSenseInTheWordsOfTheReference) {
  const auto complaint = [](const std::string& line) {
    const Warnings warnings = cidr(line + "\n").result.warnings;
    if (warnings.size() != 1) return fmt::format("{} warnings", warnings.size());
    constexpr std::string_view begin = "cidr map c, line 1: ";
    constexpr std::string_view end = ": skipping this rule";
    EXPECT_TRUE(warnings[0].starts_with(begin) && warnings[0].ends_with(end)) << warnings[0];
    return warnings[0].substr(begin.size(), warnings[0].size() - begin.size() - end.size());
  };
  EXPECT_EQ(complaint("10.0.0.1/8 a"),
            "non-null host address bits in \"10.0.0.1/8\", perhaps you should use "
            "\"10.0.0.0/8\" instead");
  EXPECT_EQ(complaint("2001:db8::1/61 x"),
            "non-null host address bits in \"2001:db8::1/61\", perhaps you "
            "should use \"2001:db8::/61\" instead");
  EXPECT_EQ(complaint("10.0.0.1/08 a"),
            "non-null host address bits in \"10.0.0.1/08\", perhaps you should "
            "use \"10.0.0.0/8\" instead");
  EXPECT_EQ(complaint("172.16.0.1"), "no lookup result");
  EXPECT_EQ(complaint("endif"), "ENDIF without IF");
  EXPECT_EQ(complaint("endif text"), "garbage after ENDIF");
  EXPECT_EQ(complaint("300.0.0.0/8 a"), "bad network value in \"300.0.0.0/8\"");
  EXPECT_EQ(complaint("[]/8 a"), "bad network value in \"/8\"");
  EXPECT_EQ(complaint("1.1.1.1]/8 x"), "bad network value in \"1.1.1.1]/8\"");
  EXPECT_EQ(complaint("if 3.0.0.0 /8"), "bad network value in \"3.0.0.0 /8\"");
  EXPECT_EQ(complaint("10.0.0.0/33 z"), "bad mask length in \"10.0.0.0/33\"");
  EXPECT_EQ(complaint("2001:db8::/129"), "bad mask length in \"2001:db8::/129\"");
  EXPECT_EQ(complaint("foo/99 a"), "bad mask length in \"foo/99\"");
  EXPECT_EQ(complaint("1.0.0.0/99999999999999999999 a"),
            "bad mask length in \"1.0.0.0/99999999999999999999\"");
  EXPECT_EQ(complaint("foo/x a"), "bad mask value in \"foo/x\"");
  EXPECT_EQ(complaint("[1.0.0.0]/8/8 x"), "bad mask value in \"1.0.0.0/8/8\"");
  EXPECT_EQ(complaint("1.2.3.4/ a"), "bad mask value in \"1.2.3.4/\"");
  EXPECT_EQ(complaint("if 5.0.0.0/8 extra"), "bad mask value in \"5.0.0.0/8 extra\"");
  EXPECT_EQ(complaint("foo bar"), "bad address pattern: \"foo\"");
  EXPECT_EQ(complaint("ifx 1.0.0.0/8"), "bad address pattern: \"ifx\"");
  EXPECT_EQ(complaint("!if 1.0.0.0/8"), "bad address pattern: \"if\"");
  EXPECT_EQ(complaint("fe80::1%lo a"), "bad address pattern: \"fe80::1%lo\"");
  EXPECT_EQ(complaint("[1.1.1.1 a"), "missing ']' character after \"[1.1.1.1\"");
  EXPECT_EQ(complaint("[1.1.1.1]x a"), "garbage after \"[1.1.1.1]\"");
  EXPECT_EQ(complaint("IF[1.0.0.0/8] x"), "garbage after \"[1.0.0.0/8]\"");
  for (const auto* const empty : {"! ", "if", "if !"}) EXPECT_EQ(complaint(empty), "no address pattern");
}

TEST(CidrTable, ComplainsAboutOpenConditionsFromTheInsideOut) {
  EXPECT_THAT(cidr("if 1.0.0.0/8\nif 1.1.0.0/16\n").result.warnings,
              ElementsAre("cidr map c, line 2: IF has no matching ENDIF",
                          "cidr map c, line 1: IF has no matching ENDIF"));
}

TEST(CidrTable, IsUnavailableWithoutItsFileAndEndsTheProcessWhenThatIsADirectory) {
  EXPECT_EQ(Opening("cidr:missing").result.error, "open missing: No such file or directory");
  const Opening directory("cidr:directory");
  EXPECT_EQ(directory.result.error, "cidr map directory: read error: Is a directory");
  EXPECT_TRUE(directory.result.fatal);
}

TEST(RemoteTable, AsksThroughTheInquiry) {
  Opening table("proxy:mysql:/etc/x.cf");
  EXPECT_EQ(table.result.error, std::nullopt);
  Inquiry inquiry;
  EXPECT_EQ(table.result.table->find("example.com", inquiry), Lookup::unanswered);
  ASSERT_TRUE(inquiry.question);
  EXPECT_EQ(inquiry.question->table, "mysql:/etc/x.cf");
  EXPECT_EQ(inquiry.question->key, "example.com");
  RemoteAnswer answer;
  answer.lookup = Lookup::found;
  answer.keys = Keys::pattern;
  inquiry.answers.push_back({*inquiry.question, answer});
  EXPECT_EQ(table.result.table->find("example.com", inquiry), Lookup::found);
  EXPECT_EQ(table.result.table->keys(), Keys::pattern);
  EXPECT_EQ(table.result.table->find("example.org", inquiry), Lookup::unanswered);
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
  EXPECT_THAT(table.files_read, ElementsAre("r"));
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
  EXPECT_THAT(
      table.result.warnings,
      ElementsAre(
          warning(1, "ignoring unrecognized request"), warning(2, "no replacement text: using empty string"),
          warning(3, "unknown regexp option \"q\": skipping this rule"),
          warning(4, "$number found in negative match replacement text: skipping this rule"),
          warning(5, "out of range replacement index \"2\": skipping this rule"),
          warning(6, "out of range replacement index \"1\": skipping this rule"), "empty macro name: \"$\"",
          warning(7, "bad replacement syntax: skipping this rule"), "truncated macro reference: \"${1\"",
          warning(8, "bad replacement syntax: skipping this rule"),
          warning(9, std::string_view(GetParam()) == "pcre" ? "out of range replacement index \"0\""
                                                            : "out-of-range replacement index \"0\""),
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

TEST_P(PatternTable, BelongsInAWorkerWhenItHasManyRules) {
  std::string rules;
  for (int i = 0; i < 1000; ++i) rules += fmt::format("/^site{}$/ x\n", i);
  Opening table = open(rules);
  EXPECT_TRUE(table.has("site999"));
  EXPECT_TRUE(table.result.table->may_block());
  EXPECT_FALSE(open("/^a$/ x\n").result.table->may_block());
}

INSTANTIATE_TEST_SUITE_P(BothTypes, PatternTable, testing::Values("regexp", "pcre"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace uflush
