/// Which sites are served for which fast_flush_domains, and what is said when that cannot be told
/// (BEHAVIOUR.md 5).
#include <chrono>
#include <filesystem>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compat/starts.hpp"

namespace uflush::support {
namespace {

using ::testing::ElementsAreArray;

struct Answer {
  std::string site;
  long long status;
};

struct Setting {
  std::string title;
  Parameters main_cf;
  std::vector<Answer> answers;
  /// `@config` is the configuration directory.
  std::vector<std::string> log = {};
  /// In the configuration directory.
  std::vector<std::pair<std::string, std::string>> files = {};
};

void PrintTo(const Setting& setting, std::ostream* out) {
  *out << setting.title;
}

Parameters domains(const std::string& value) {
  return {{"fast_flush_domains", value}};
}

std::vector<Setting> settings() {
  const std::string no_parents = "parent_domain_matches_subdomains";
  const std::string unavailable = "@config/none.db: No such file or directory";
  return {
      {"NothingIsEligibleByDefault",
       {{"fast_flush_domains", "$relay_domains"}},
       {{"example.com", status_deny}, {"", status_deny}}},
      {"RelayDomainsAreTheDefault",
       {{"relay_domains", "one.example"}, {"fast_flush_domains", "$relay_domains"}},
       {{"one.example", status_ok}, {"two.example", status_deny}}},
      {"SubdomainsMatchTheirParents",
       domains("one.example"),
       {{"one.example", status_ok},
        {"a.b.one.example", status_ok},
        {"ONE.Example", status_ok},
        {"none.example", status_deny},
        {"example", status_deny}}},
      {"SubdomainsNeedADotWithoutThatRule",
       {{"fast_flush_domains", "one.example, .two.example"}, {no_parents, ""}},
       {{"one.example", status_ok},
        {"a.one.example", status_deny},
        {"a.two.example", status_ok},
        {"two.example", status_deny}}},
      {"TheFirstMatchDecides",
       domains("!secret.one.example, one.example"),
       {{"secret.one.example", status_deny},
        {"x.secret.one.example", status_deny},
        {"a.one.example", status_ok}}},
      {"InlineTablesAreAskedForParents",
       domains("inline:{one.example=x, {two.example = y}}"),
       {{"a.one.example", status_ok}, {"two.example", status_ok}, {"three.example", status_deny}}},
      {"ABraceProtectsBlanks", domains("static:{a b}"), {{"example.com", status_ok}}},
      {"AFailingTableStopsTheSearchButNotEarlierMatches",
       domains("one.example, fail:always, two.example"),
       {{"one.example", status_ok}, {"two.example", status_fail}},
       {"warning: fast_flush_domains: fail:always: table lookup problem"}},
      {"AMissingTableFailsEachRequestThatReachesIt",
       domains("one.example, hash:$config_directory/none"),
       {{"one.example", status_ok}, {"two.example", status_fail}},
       {"error: open database " + unavailable,
        "warning: hash:@config/none is unavailable. open database " + unavailable,
        "warning: fast_flush_domains: hash:@config/none: table lookup problem"}},
      {"AnUnknownTableTypeFailsEachRequestThatReachesIt",
       domains("nosuch:table"),
       {{"one.example", status_fail}},
       {"error: unsupported dictionary type: nosuch",
        "warning: nosuch:table is unavailable. unsupported dictionary type: nosuch",
        "warning: fast_flush_domains: nosuch:table: table lookup problem"}},
      {"AccountsOfTheSystemAreAskedForParents",
       domains("unix:passwd.byname"),
       {{"root", status_ok}, {"a.root", status_ok}, {"one.example", status_deny}}},
      {"AnUnknownSystemTableFailsEachRequest",
       domains("unix:nosuch"),
       {{"one.example", status_fail}},
       {"error: unknown table: unix:nosuch",
        "warning: unix:nosuch is unavailable. unknown table: unix:nosuch",
        "warning: fast_flush_domains: unix:nosuch: table lookup problem"}},
      {"AnyValueWillDo",
       domains("!environ:x, randmap:{a, {b c}}"),
       {{"one.example", status_ok}, {"", status_deny}}},
      {"AddressTablesMatchNoDomains",
       domains("cidr:{{0.0.0.0/0 x}, {foo x}}, cidr:$config_directory/none"),
       {{"one.example", status_fail}},
       {"warning: cidr map {{0.0.0.0/0 x}, {foo x}}, line 2: bad address pattern: \"foo\": skipping this "
        "rule",
        "error: open @config/none: No such file or directory",
        "warning: cidr:@config/none is unavailable. open @config/none: No such file or directory",
        "warning: fast_flush_domains: cidr:@config/none: table lookup problem"}},
      {"RulesMayStandInTheList",
       domains("regexp:{{if /example/} {!/^two/ x} {endif}}, pcre:{{/^tw(.)/ $$1}}"),
       {{"one.example", status_ok}, {"two.example", status_ok}, {"one.test", status_deny}}},
      {"MalformedRulesInTheListFailEachRequest",
       domains("regexp:{{/x/ y}z}"),
       {{"one.example", status_fail}},
       {"error: regexp map: syntax error after '}' in \"{/x/ y}z\"",
        "warning: regexp:{{/x/ y}z} is unavailable. regexp map: syntax error after '}' in \"{/x/ y}z\"",
        "warning: fast_flush_domains: regexp:{{/x/ y}z}: table lookup problem"}},
      {"AValueThatIsNotUtf8FailsTheRequest",
       {{"fast_flush_domains", "static:\xff"}, {"smtputf8_enable", "yes"}},
       {{"one.example", status_fail}},
       {"warning: static:?: key \"one.example\": non-UTF-8 value \"?\": malformed UTF-8 or invalid codepoint",
        "warning: fast_flush_domains: static:?: table lookup problem"}},
      {"AnInlineTableThatIsNotUtf8IsUnavailable",
       {{"fast_flush_domains", "inline:{a=\xff}"}, {"smtputf8_enable", "yes"}},
       {{"one.example", status_fail}},
       {"error: bad UTF-8 syntax: \"inline:{a=?}\"; need \"inline:{name=value...}\"",
        "warning: inline:{a=?} is unavailable. bad UTF-8 syntax: \"inline:{a=?}\"; need "
        "\"inline:{name=value...}\"",
        "warning: fast_flush_domains: inline:{a=?}: table lookup problem"}},
      {"PipelinesFindKeysForTheirNextTable",
       domains("pipemap:{inline:{one.example=b, two.example=c, four.example=B}, inline:{b=x}}"),
       {{"one.example", status_ok},
        {"a.one.example", status_ok},
        {"two.example", status_deny},
        {"three.example", status_deny},
        {"four.example", status_deny}}},
      {"PipelinesMayBeginWithAPattern",
       domains("pipemap:{regexp:{{/(.*)/ $$1}}, unionmap:{inline:{one.example=b}, fail:always}}"),
       {{"one.example", status_fail}, {"a.one.example", status_fail}},
       {"warning: fast_flush_domains: pipemap:{regexp:{{/(.*)/ $1}}, unionmap:{inline:{one.example=b}, "
        "fail:always}}: table lookup problem",
        "warning: fast_flush_domains: pipemap:{regexp:{{/(.*)/ $1}}, unionmap:{inline:{one.example=b}, "
        "fail:always}}: table lookup problem"}},
      {"EachMissingPartOfATableIsComplainedAbout",
       domains("pipemap:{inline:{one.example=b}, hash:$config_directory/none, nosuch:x}"),
       {{"two.example", status_deny}, {"one.example", status_fail}},
       {"error: open database " + unavailable, "error: unsupported dictionary type: nosuch",
        "warning: hash:@config/none is unavailable. open database " + unavailable,
        "warning: fast_flush_domains: pipemap:{inline:{one.example=b}, hash:@config/none, nosuch:x}: table "
        "lookup problem"}},
      {"APipelineOfNothingIsUnavailable",
       domains("pipemap:{}"),
       {{"one.example", status_fail}},
       {"error: bad syntax: \"pipemap:{}\"; need \"pipemap:{type:name...}\"",
        "warning: pipemap:{} is unavailable. bad syntax: \"pipemap:{}\"; need \"pipemap:{type:name...}\"",
        "warning: fast_flush_domains: pipemap:{}: table lookup problem"}},
      {"AGroupThatMatchesHalfACharacterFailsTheRequest",
       domains("regexp:{{/(.)(.)/ [$$1]}}"),
       {{"\xc3\xa9.example", status_fail}},
       {"warning: regexp:{{/(.)(.)/ [$1]}}: key \"\xc3\xa9.example\": non-UTF-8 value \"[?]\": malformed "
        "UTF-8 or "
        "invalid codepoint",
        "warning: fast_flush_domains: regexp:{{/(.)(.)/ [$1]}}: table lookup problem"}},
      {"KeysWithCapitalsNeverMatch",
       domains("inline:{One.example=x}, TWO.example"),
       {{"One.example", status_deny}, {"one.example", status_deny}, {"two.Example", status_ok}}},
      {"AnInternationalNameIsNotItsAsciiForm",
       domains("b\xc3\xbc"
               "cher.example, xn--strae-oqa.example"),
       {{"B\xc3\x9c"
         "CHER.example",
         status_ok},
        {"xn--bcher-kva.example", status_deny},
        {"stra\xc3\x9f"
         "e.example",
         status_deny}}},
      {"DotsAtTheEndAreNotTakenAway",
       domains("one.example"),
       {{"one.example.", status_deny}, {".one.example", status_deny}, {"one.example..", status_deny}},
       {"warning: midna_domain_to_ascii_create: Problem translating domain \".one.example\" to ASCII form: "
        "UIDNA_ERROR_EMPTY_LABEL"}},
      {"ADotInFrontIsTakenLiterallyWhenParentsMatch",
       domains(".one.example"),
       {{"one.example", status_deny}, {"a.one.example", status_deny}}},
      {"AnEmptySiteIsInNoTable", domains("static:all"), {{"", status_deny}}},
      {"ASiteThatIsNotUtf8IsInNoTable",
       domains("inline:{example=x}"),
       {{"\xff", status_deny}},
       {"warning: inline:{example=x}: non-UTF-8 key \"?\": malformed UTF-8 or invalid codepoint"}},
      {"ASiteThatIsNotUtf8IsNotInATableThatCouldNotBeOpened",
       domains("hash:$config_directory/none, one.example"),
       {{"exampl\xd1.com", status_deny}},
       {"error: open database " + unavailable,
        "warning: hash:@config/none: non-UTF-8 key \"exampl?.com\": malformed UTF-8 or invalid codepoint"}},
      {"ASiteThatIsNotUtf8MakesATableFailWithoutSmtputf8",
       {{"fast_flush_domains", "hash:$config_directory/none, one.example"}, {"smtputf8_enable", "no"}},
       {{"exampl\xd1.com", status_fail}},
       {"error: open database " + unavailable,
        "warning: hash:@config/none is unavailable. open database " + unavailable,
        "warning: fast_flush_domains: hash:@config/none: table lookup problem"}},
      {"ASiteThatIsNotUtf8MakesATableOfUnknownTypeFail",
       domains("nosuch:table"),
       {{"exampl\xd1.com", status_fail}},
       {"error: unsupported dictionary type: nosuch",
        "warning: nosuch:table is unavailable. unsupported dictionary type: nosuch",
        "warning: fast_flush_domains: nosuch:table: table lookup problem"}},
      {"FilesStandForTheItemsInThem",
       domains("!!two.example, !$config_directory/sites, $config_directory/sites, last.example"),
       {{"one.example", status_deny},
        {"two.example", status_ok},
        {"three.example", status_ok},
        {"last.example", status_ok}},
       {},
       {{"sites", "# nothing\none.example, !three.example\n\n# more\ntwo.example\n"}}},
      {"AnUnreadableFileFailsEachRequestThatReachesIt",
       domains("one.example, $config_directory/none"),
       {{"one.example", status_ok}, {"two.example", status_fail}},
       {"error: open file @config/none: No such file or directory",
        "warning: non-existent:@config/none is unavailable. open file @config/none: No such file or "
        "directory",
        "warning: fast_flush_domains: non-existent:@config/none: table lookup problem"}},
      {"BracesProtectSeparatorsAndNeedNotMatch",
       domains("inline:{{a.example = x, y}, b.example=z} c.example} d.example, static:{"),
       {{"a.example", status_ok},
        {"b.example", status_ok},
        {"d.example", status_ok},
        {"x.example", status_fail}},
       {"error: bad static:name syntax: missing '}' in \"{\"",
        "warning: static:{ is unavailable. bad static:name syntax: missing '}' in \"{\"",
        "warning: fast_flush_domains: static:{: table lookup problem"}},
      {"AnAddressIsNoTable", domains("[1:2], 1.2.3.4"), {{"one.example", status_deny}}},
      {"ATexthashIsReadAtTheStart",
       domains("texthash:$config_directory/table"),
       {{"one.example", status_ok},
        {"a.two.example", status_ok},
        {"Three.example", status_deny},
        {"four.example", status_deny}},
       {"warning: @config/table, line 4: expected format: key whitespace value -- ignoring this line"},
       {{"table", "one.example x\ntwo.example\n  x\nfour.example\nThree.example x\n"}}},
      {"ATexthashWithTheSameKeyTwiceIsUnavailable",
       domains("texthash:$config_directory/table"),
       {{"one.example", status_fail}},
       {"error: @config/table, line 2: duplicate entry: \"one.example\"",
        "warning: texthash:@config/table is unavailable. @config/table, line 2: duplicate entry: "
        "\"one.example\"",
        "warning: fast_flush_domains: texthash:@config/table: table lookup problem"},
       {{"table", "one.example x\none.example x\n"}}},
      {"TheListOfParentMatchersIsAListToo",
       {{"fast_flush_domains", "one.example"},
        {"parent_domain_matches_subdomains", "!x, inline:{fast_flush_domains=1}"}},
       {{"a.one.example", status_ok}}},
      {"CommentsAtTheEndOfALineAreComplainedAbout",
       domains("one.example # and more"),
       {{"one.example", status_ok}, {"more", status_deny}},
       {"warning: fast_flush_domains: comment at end of line is not supported: # and more"}},
  };
}

/// The reference reads a texthash table again and again until it has not changed for a while.
void write_old_file(const std::string& path, const std::string& content) {
  write_file(path, content);
  std::filesystem::last_write_time(path,
                                   std::filesystem::file_time_type::clock::now() - std::chrono::seconds(10));
}

class Eligibility : public ::testing::TestWithParam<Setting> {};

TEST_P(Eligibility, IsDecidedAsTheReferenceDecidesIt) {
  const Setting& setting = GetParam();
  const Spool spool{setting.main_cf};
  for (const auto& [name, content] : setting.files)
    write_old_file(spool.config_directory() + "/" + name, content);
  LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool};
  master.supervise(1);
  for (const Answer& answer : setting.answers)
    EXPECT_EQ(master.connect().ask(add_request(answer.site, "ABC")).status(), answer.status) << answer.site;
  EXPECT_EQ(master.connect().ask(bytes("marker\0x\0\0")).status(), status_bad);
  std::vector<std::string> expected = setting.log;
  for (std::string& line : expected)
    for (std::size_t at = 0; (at = line.find("@config")) != std::string::npos;)
      line.replace(at, 7, spool.config_directory());
  EXPECT_THAT(log.take_texts_before("unexpected attribute marker"), ElementsAreArray(expected));
}

std::string title_of(const ::testing::TestParamInfo<Setting>& info) {
  return info.param.title;
}
INSTANTIATE_TEST_SUITE_P(Settings, Eligibility, ::testing::ValuesIn(settings()), title_of);

// ---- Lists that end the start.

TEST(EligibilityLists, ThatMakeNoSenseAreFatalInTheReferencesWords) {
  const auto fatal = [](const std::string& name, const std::string& value, const std::string& text) {
    return Start{name + " = " + value, "fatal: " + text, usual_arguments, {{name, value}}};
  };
  const std::string list = "fast_flush_domains";
  const std::string parents = "parent_domain_matches_subdomains";
  std::vector<Start> starts = {
      fatal(list, "!", list + ": no pattern after '!'"),
      fatal(list, "a.example, !!", list + ": no pattern after '!'"),
      fatal(list, "hash:", "open dictionary: expecting \"type:name\" form instead of \"hash:\""),
      fatal(list, ":x", "open dictionary: expecting \"type:name\" form instead of \":x\""),
      fatal(list, "/", "match_list_parse: read file /: Is a directory"),
      fatal(list, "texthash:/", "read /: Is a directory"),
      fatal(list, "cidr:/", "cidr map /: read error: Is a directory"),
      fatal(list, "pipemap:{static:x, texthash:/}", "read /: Is a directory"),
      fatal(parents, "nosuch:x", parents + ": nosuch:x: table lookup problem"),
      fatal(parents, "fail:x", parents + ": fail:x: table lookup problem"),
  };
  for (const char* table : {"nosuch:x", "hash:/none"}) {
    starts.push_back(fatal(list, table,
                           std::string(table) == "nosuch:x"
                               ? "unsupported dictionary type: nosuch"
                               : "open database /none.db: No such file or directory"));
    starts.back().main_cf.push_back({"daemon_table_open_error_is_fatal", "yes"});
  }
  starts.push_back(fatal(list, "/none", "open file /none: No such file or directory"));
  starts.back().main_cf.push_back({"daemon_table_open_error_is_fatal", "yes"});
  expect_fatal(starts);
}

// ---- Tables that postmap(1) makes.

class CompiledTables : public ::testing::TestWithParam<const char*> {};

TEST_P(CompiledTables, AreAskedLikeTheReferenceAsksThem) {
  const std::string type = GetParam();
  const Spool spool;
  const std::string table = type + ":" + spool.config_directory() + "/sites";
  spool.set({{"smtputf8_enable", "no"}});  // else postmap refuses the value
  std::filesystem::copy_file("/etc/postfix/dynamicmaps.cf", spool.config_directory() + "/dynamicmaps.cf");
  write_file(spool.config_directory() + "/sites", "One.example x\ntwo.example \xff\n");
  ASSERT_EQ(run({"/usr/sbin/postmap", "-c", spool.config_directory(), table}).exit.status, 0);
  spool.set({{"fast_flush_domains", table}});
  LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool};
  master.supervise(1);
  EXPECT_EQ(master.connect().ask(add_request("a.ONE.example", "ABC")).status(), status_ok);
  EXPECT_EQ(master.connect().ask(add_request("three.example", "ABC")).status(), status_deny);
  EXPECT_EQ(master.connect().ask(add_request("two.example", "ABC")).status(), status_fail);
  const std::string file = type == "lmdb" ? table : table + (type == "cdb" ? ".cdb" : ".db");
  EXPECT_EQ(master.connect().ask(bytes("marker\0x\0\0")).status(), status_bad);
  EXPECT_THAT(
      log.take_texts_before("unexpected attribute marker"),
      ::testing::ElementsAre("warning: " + file +
                                 ": key \"two.example\": non-UTF-8 value \"?\": malformed UTF-8 or invalid "
                                 "codepoint",
                             "warning: fast_flush_domains: " + file + ": table lookup problem"));
}
INSTANTIATE_TEST_SUITE_P(Types, CompiledTables, ::testing::Values("hash", "btree", "cdb", "lmdb"));

}  // namespace
}  // namespace uflush::support
