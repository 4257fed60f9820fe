/// Which sites are served for which fast_flush_domains, and what is said when that cannot be told
/// (BEHAVIOUR.md 5).
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"

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
      {"CommentsAtTheEndOfALineAreComplainedAbout",
       domains("one.example # and more"),
       {{"one.example", status_ok}, {"more", status_deny}},
       {"warning: fast_flush_domains: comment at end of line is not supported: # and more"}},
  };
}

class Eligibility : public ::testing::TestWithParam<Setting> {};

TEST_P(Eligibility, IsDecidedAsTheReferenceDecidesIt) {
  const Setting& setting = GetParam();
  const Spool spool{setting.main_cf};
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

}  // namespace
}  // namespace uflush::support
