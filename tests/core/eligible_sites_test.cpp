#include "core/eligible_sites.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/count_allocations.hpp"
#include "tests/core/memory_sink.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto parents_on = "foo fast_flush_domains";
constexpr auto parents_off = "foo";

/// A list opened from text and files in memory.
struct List {
  explicit List(std::string text, std::string parents = parents_on,
                std::map<std::string, std::string> files = {}, bool utf8 = true,
                bool open_error_is_fatal = false) {
    const EligibilityConfig config{.fast_flush_domains = std::move(text),
                                   .parent_domain_matches_subdomains = std::move(parents),
                                   .smtputf8_enable = utf8,
                                   .daemon_table_open_error_is_fatal = open_error_is_fatal};
    sites = EligibleSites::open(
        config,
        [&files](const std::string& path) -> Result<std::string> {
          if (path == "directory") return Error{EISDIR};
          const auto found = files.find(path);
          if (found == files.end()) return Error{ENOENT};
          return found->second;
        },
        log);
    opening = std::move(sink.records);
    sink.records.clear();
  }

  Eligibility test(std::string_view site) {
    sink.records.clear();
    return sites->test(site, log);
  }
  bool takes(std::string_view site) { return test(site) == Eligibility::eligible; }

  MemorySink sink;
  Log log{sink};
  std::unique_ptr<EligibleSites> sites;
  std::vector<std::string> opening;  ///< what open() logged
};

TEST(EligibleSites, DenyEverySiteWhenTheListIsEmpty) {
  EXPECT_EQ(List("").test("example.com"), Eligibility::denied);
}

TEST(EligibleSites, MatchALiteralAndItsSubdomains) {
  List list("A.b, c.d");
  for (const auto* const site : {"a.b", "x.a.b", "A.B", "y.x.C.d"}) EXPECT_TRUE(list.takes(site)) << site;
  for (const auto* const site : {"b", "xa.b", "a.b.c", "", "a.b."}) EXPECT_FALSE(list.takes(site)) << site;
  EXPECT_THAT(list.opening, IsEmpty());
}

TEST(EligibleSites, MatchSubdomainsOnlyBehindADotWhenParentsDoNot) {
  List list(".a.b c.d", parents_off);
  for (const auto* const site : {"x.a.b", "y.x.a.b", "c.d", ".a.b"}) EXPECT_TRUE(list.takes(site)) << site;
  for (const auto* const site : {"a.b", "x.c.d"}) EXPECT_FALSE(list.takes(site)) << site;
}

TEST(EligibleSites, TakeAPatternWithADotLiterallyWhenParentsMatch) {
  EXPECT_FALSE(List(".a.b").takes("x.a.b"));
}

TEST(EligibleSites, LetTheFirstMatchingItemDecide) {
  List list("!x.a.b a.b !c.d y.c.d");
  EXPECT_FALSE(list.takes("x.a.b"));
  EXPECT_FALSE(list.takes("1.x.a.b"));
  EXPECT_TRUE(list.takes("z.a.b"));
  EXPECT_FALSE(list.takes("y.c.d"));
}

TEST(EligibleSites, KeepTheFirstOfEqualLiterals) {
  EXPECT_TRUE(List("a.b !a.b").takes("a.b"));
  EXPECT_FALSE(List("!a.b A.B").takes("a.b"));
}

TEST(EligibleSites, LetTablesAndLiteralsTakeTurns) {
  List list("!x.a inline:{a=1} !inline:{x.b=1} b static:all");
  EXPECT_FALSE(list.takes("x.a"));
  EXPECT_TRUE(list.takes("a"));
  EXPECT_FALSE(list.takes("x.b"));
  EXPECT_FALSE(list.takes("y.x.b"));
  EXPECT_TRUE(list.takes("y.b"));
  EXPECT_TRUE(list.takes("anything.else"));
}

TEST(EligibleSites, AskTablesForParentDomains) {
  List list("inline:{a.b=1}");
  EXPECT_TRUE(list.takes("x.y.a.b"));
  List dotted("inline:{.a.b=1}", parents_off);
  EXPECT_TRUE(dotted.takes("x.y.a.b"));
  EXPECT_FALSE(dotted.takes("a.b"));
  EXPECT_FALSE(List("inline:{a.b=1}", parents_off).takes("x.a.b"));
}

TEST(EligibleSites, AskNoTableForTheParentBehindALeadingDot) {
  List list("inline:{b.c=1}");
  EXPECT_FALSE(list.takes(".b.c"));
  EXPECT_TRUE(list.takes("a.b.c"));
  EXPECT_TRUE(List("inline:{c=1}").takes(".b.c"));
  EXPECT_TRUE(List("b.c").takes(".b.c")) << "a literal is no table";
}

TEST(EligibleSites, AskNoTableAboutAnEmptySite) {
  EXPECT_EQ(List("static:all").test(""), Eligibility::denied);
  EXPECT_EQ(List("fail:x").test(""), Eligibility::denied);
}

TEST(EligibleSites, FailWhenATableFailsUnlessSomethingBeforeItMatched) {
  List list("a.b, fail:x, c.d");
  EXPECT_EQ(list.test("a.b"), Eligibility::eligible);
  EXPECT_EQ(list.test("c.d"), Eligibility::failed);
  EXPECT_THAT(list.sink.records, ElementsAre("warning: fast_flush_domains: fail:x: table lookup problem"));
}

TEST(EligibleSites, FailForANegatedTableToo) {
  EXPECT_EQ(List("!fail:x").test("a"), Eligibility::failed);
}

TEST(EligibleSites, ComplainOnceAtTheStartAndAtEveryEvaluationAboutAMissingTable) {
  List list("foo:x a.z foo:x");
  EXPECT_THAT(list.opening, ElementsAre("error: unsupported dictionary type: foo"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(list.test("a.b"), Eligibility::failed);
    EXPECT_THAT(list.sink.records,
                ElementsAre("warning: foo:x is unavailable. unsupported dictionary type: foo",
                            "warning: fast_flush_domains: foo:x: table lookup problem"));
  }
}

TEST(EligibleSites, EndTheStartWhenOpenErrorsAreFatal) {
  const List table("foo:x", parents_on, {}, true, true);
  EXPECT_EQ(table.sites, nullptr);
  EXPECT_THAT(table.opening, ElementsAre("fatal: unsupported dictionary type: foo"));
  const List file("/nofile", parents_on, {}, true, true);
  EXPECT_EQ(file.sites, nullptr);
  EXPECT_THAT(file.opening, ElementsAre("fatal: open file /nofile: No such file or directory"));
}

TEST(EligibleSites, EndTheStartWhenTheListCannotBeParsed) {
  const List list("a !");
  EXPECT_EQ(list.sites, nullptr);
  EXPECT_THAT(list.opening, ElementsAre("fatal: fast_flush_domains: no pattern after '!'"));
}

TEST(EligibleSites, TreatAnUnreadableFileAsATableThatFails) {
  List list("a.b /nofile c.d");
  EXPECT_THAT(list.opening, ElementsAre("error: open file /nofile: No such file or directory"));
  EXPECT_TRUE(list.takes("a.b"));
  EXPECT_EQ(list.test("c.d"), Eligibility::failed);
  EXPECT_THAT(
      list.sink.records,
      ElementsAre(
          "warning: non-existent:/nofile is unavailable. open file /nofile: No such file or directory",
          "warning: fast_flush_domains: non-existent:/nofile: table lookup problem"));
}

TEST(EligibleSites, FoldTheCaseOfUnicodeOnlyWithSmtputf8) {
  List on("Ü.q straße.z");
  EXPECT_TRUE(on.takes("ü.q"));
  EXPECT_TRUE(on.takes("STRASSE.z"));
  List off("Ü.q straße.z", parents_on, {}, false);
  EXPECT_FALSE(off.takes("ü.q"));
  EXPECT_FALSE(off.takes("STRASSE.z"));
  EXPECT_TRUE(off.takes("straße.Z"));
}

TEST(EligibleSites, DoNotAskATableForAKeyThatIsNotUtf8) {
  List list("static:all");
  EXPECT_EQ(list.test("b\xfc"), Eligibility::denied);
  EXPECT_THAT(list.sink.records,
              ElementsAre("warning: static:all: non-UTF-8 key \"b?\": malformed UTF-8 or invalid codepoint"));
  EXPECT_TRUE(list.takes("b\xfc.x")) << "its parent domain is asked for";
  EXPECT_TRUE(List("static:all", parents_on, {}, false).takes("\xff"));
}

TEST(EligibleSites, FailForATableThatIsNotThereWhateverTheKeyIs) {
  List list("foo:x");
  EXPECT_EQ(list.test("b\xfc"), Eligibility::failed);
  EXPECT_THAT(list.sink.records,
              ElementsAre("warning: foo:x is unavailable. unsupported dictionary type: foo",
                          "warning: fast_flush_domains: foo:x: table lookup problem"));
}

TEST(EligibleSites, EvaluateTheListOfParentMatchingLists) {
  const auto parents_match = [](std::string parents) {
    return List("a.b", std::move(parents)).takes("x.a.b");
  };
  EXPECT_TRUE(parents_match("FAST_flush_DOMAINS"));
  EXPECT_TRUE(parents_match("static:all"));
  EXPECT_TRUE(parents_match("fast_flush_domains /nofile"));
  EXPECT_TRUE(parents_match("inline:{fast_flush_domains=1}"));
  EXPECT_FALSE(parents_match(""));
  EXPECT_FALSE(parents_match("!fast_flush_domains, fast_flush_domains"));
  EXPECT_FALSE(parents_match("domains .fast"));
}

TEST(EligibleSites, EndTheStartWhenATableAmongTheParentMatchingListsFails) {
  const List list("a.b", "foo:x");
  EXPECT_EQ(list.sites, nullptr);
  EXPECT_THAT(list.opening,
              ElementsAre("error: unsupported dictionary type: foo",
                          "warning: foo:x is unavailable. unsupported dictionary type: foo",
                          "fatal: parent_domain_matches_subdomains: foo:x: table lookup problem"));
}

/// The rules of BEHAVIOUR.md 5.3 and 5.5 for literals, word for word, one item after the other.
bool naive(const std::vector<std::string>& items, bool parents, const std::string& site) {
  for (const std::string& item : items) {
    const bool negated = item.starts_with('!');
    const std::string pattern = negated ? item.substr(1) : item;
    const bool matches =
        site == pattern ||
        (parents ? site.ends_with(fmt::format(".{}", pattern))
                 : pattern.starts_with('.') && site.size() > pattern.size() && site.ends_with(pattern));
    if (matches) return !negated;
  }
  return false;
}

std::string random_name(std::mt19937& random) {
  std::string name(1 + random() % 7, '.');
  for (char& c : name) c = "ab."[random() % 3];
  return name;
}

TEST(EligibleSites, AgreeWithANaiveReadingOfTheRules) {
  std::mt19937 random(5);
  std::size_t eligible_count = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> items;
    for (std::size_t i = random() % 12; i > 0; --i)
      items.push_back(fmt::format("{}{}", random() % 3 == 0 ? "!" : "", random_name(random)));
    const bool parents = random() % 2 == 0;
    List list(fmt::format("{}", fmt::join(items, ", ")), parents ? parents_on : parents_off);
    for (int i = 0; i < 50; ++i) {
      const std::string site = random_name(random);
      const bool expected = naive(items, parents, site);
      eligible_count += expected ? 1 : 0;
      ASSERT_EQ(list.takes(site), expected) << site << " in " << fmt::format("{}", fmt::join(items, ", "));
    }
  }
  EXPECT_GT(eligible_count, 500u);
}

TEST(EligibleSites, AllocateNothingForAPlainSite) {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += fmt::format("customer{}.example, ", i);
  List list(text + "inline:{z=1}");
  const std::string_view there = "mail.customer9999.example";
  const std::string_view missing = "a-rather-long-name.of.some.department.of.nobody.example";
  const std::size_t before = allocation_count();
  EXPECT_EQ(list.sites->test(there, list.log), Eligibility::eligible);
  EXPECT_EQ(list.sites->test(missing, list.log), Eligibility::denied);
  EXPECT_EQ(allocation_count(), before);
}

TEST(EligibleSites, AreNotOpenedWithATableThatEndsTheProcess) {
  List list("a.b, texthash:directory");
  EXPECT_EQ(list.sites, nullptr);
  EXPECT_THAT(list.opening, ElementsAre("fatal: read directory: Is a directory"));
}

}  // namespace
}  // namespace uflush
