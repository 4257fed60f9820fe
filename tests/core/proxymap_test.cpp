/// Sites that proxymap(8) is asked about, in a simulated world.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"
#include "tests/sim/sim_proxymap.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Config list(std::string fast_flush_domains) {
  Config config = DaemonInSim::everybody_is_welcome();
  config.fast_flush_domains = std::move(fast_flush_domains);
  return config;
}

const std::string problem = "warning: fast_flush_domains: proxy:hash:t: table lookup problem";

/// A daemon whose sites are in a table of proxymap(8), which knows example.com.
struct Neighbours {
  explicit Neighbours(std::uint64_t seed, Config config = list("proxy:hash:t"))
      : sim{Seed{seed}}, proxymap{sim}, daemon{sim, std::move(config)} {
    proxymap.tables["hash:t"].keys = {"example.com"};
  }
  Status add(const std::string& site) { return daemon.ask(AddRequest{site, "4Xk2bQ0z"}); }
  const std::vector<std::string>& records() { return daemon.sink.records; }

  Sim sim;
  SimProxymap proxymap;
  DaemonInSim daemon;
};

TEST(Proxymap, DecidesWhichSitesHaveALog) {
  Neighbours world{1};
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_EQ(world.sim.files.read("flush/example_com"), "4Xk2bQ0z\n");
  EXPECT_EQ(world.add("example.org"), Status::deny);
  EXPECT_EQ(world.daemon.ask(SendSiteRequest{"example.org"}), Status::deny);
  EXPECT_THAT(world.records(), IsEmpty());
}

TEST(Proxymap, IsAskedForTheSiteAndItsParentsOnOneConnection) {
  Neighbours world{2};
  EXPECT_EQ(world.add("A.b.example.com"), Status::ok);
  EXPECT_THAT(world.proxymap.asked,
              ElementsAre("hash:t", "hash:t a.b.example.com", "hash:t b.example.com", "hash:t example.com"));
  EXPECT_EQ(world.proxymap.accepted, 1U);
}

TEST(Proxymap, IsAskedForTheWholeSiteOnlyWhenTheTableHoldsPatterns) {
  Neighbours world{3};
  world.proxymap.tables["hash:t"].pattern = true;
  EXPECT_EQ(world.add("a.example.com"), Status::deny);
  EXPECT_THAT(world.proxymap.asked, ElementsAre("hash:t", "hash:t a.example.com"));
}

TEST(Proxymap, IsAskedForTypesThatNeedPluginsToo) {
  Neighbours world{4, list("mysql:/etc/sites.cf")};
  world.proxymap.tables["mysql:/etc/sites.cf"].keys = {"example.com"};
  EXPECT_EQ(world.add("example.com"), Status::ok);
}

TEST(Proxymap, TakesItsTurnAmongOtherItems) {
  Neighbours world{5, list("!x.example.com, unionmap:{inline:{u.example=1}, proxy:hash:t}, z.example")};
  EXPECT_EQ(world.add("x.example.com"), Status::deny);
  EXPECT_THAT(world.proxymap.asked, IsEmpty());
  EXPECT_EQ(world.add("y.example.com"), Status::ok);
  EXPECT_EQ(world.add("u.example"), Status::ok);
  EXPECT_EQ(world.add("z.example"), Status::ok);
}

Config parents(std::string lists) {
  Config config = list("example.com");
  config.parent_domain_matches_subdomains = std::move(lists);
  return config;
}

TEST(Proxymap, SaysWhetherDomainsStandForTheirSubdomains) {
  Neighbours yes{21, parents("!other, proxy:hash:t")};
  yes.proxymap.tables["hash:t"].keys = {"fast_flush_domains"};
  EXPECT_EQ(yes.add("a.example.com"), Status::ok);
  EXPECT_EQ(yes.add("b.example.com"), Status::ok);
  EXPECT_THAT(yes.proxymap.asked, ElementsAre("hash:t", "hash:t fast_flush_domains"));
  Neighbours no{22, parents("proxy:hash:t")};
  EXPECT_EQ(no.add("a.example.com"), Status::deny);
  EXPECT_EQ(no.add("example.com"), Status::ok);
  Neighbours negated{23, parents("!proxy:hash:t, fast_flush_domains")};
  negated.proxymap.tables["hash:t"].keys = {"fast_flush_domains"};
  EXPECT_EQ(negated.add("a.example.com"), Status::deny);
}

TEST(Proxymap, FailsRequestsUntilItSaysWhetherDomainsStandForTheirSubdomains) {
  Neighbours world{24, parents("proxy:hash:t")};
  world.proxymap.tables["hash:t"].lookup_status = 2;
  EXPECT_EQ(world.add("example.com"), Status::fail);
  EXPECT_THAT(world.records(),
              ElementsAre("warning: parent_domain_matches_subdomains: proxy:hash:t: table lookup problem"));
  world.proxymap.tables["hash:t"].lookup_status = -1;
  EXPECT_EQ(world.add("example.com"), Status::ok);
}

TEST(Proxymap, FindsKeysForAPipeline) {
  Neighbours world{25, list("pipemap:{proxy:hash:t, inline:{x=y}}")};
  EXPECT_EQ(world.add("a.example.com"), Status::ok);
  EXPECT_EQ(world.add("example.org"), Status::deny);
}

TEST(Proxymap, IsNotAskedAgainForAWhile) {
  Neighbours world{6};
  EXPECT_EQ(world.add("example.com"), Status::ok);
  const std::size_t asked = world.proxymap.asked.size();
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_EQ(world.add("mail.example.com"), Status::ok);
  EXPECT_EQ(world.proxymap.asked.size(), asked + 1) << "for mail.example.com, not for its parent";
  world.sim.run_for(world.daemon.config.uflush_table_cache_time);
  world.proxymap.tables["hash:t"].keys.clear();
  EXPECT_EQ(world.add("example.com"), Status::deny);
}

TEST(Proxymap, IsAskedEveryTimeWhenNothingMayBeRemembered) {
  Config config = list("proxy:hash:t");
  config.uflush_table_cache_time = std::chrono::seconds{0};
  Neighbours world{7, config};
  EXPECT_EQ(world.add("example.com"), Status::ok);
  world.proxymap.tables["hash:t"].keys.clear();
  EXPECT_EQ(world.add("example.com"), Status::deny);
}

TEST(Proxymap, IsLeftAloneAfterIpcIdleAndReachedAgainOnDemand) {
  Neighbours world{8};
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_EQ(world.proxymap.connections(), 1U);
  world.sim.run_for(world.daemon.config.ipc_idle);
  world.sim.settle();
  EXPECT_EQ(world.proxymap.connections(), 0U);
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_EQ(world.proxymap.accepted, 2U);
}

TEST(Proxymap, GetsANewConnectionWhenTheOldOneIsOfAge) {
  Config config = list("proxy:hash:t");
  config.ipc_ttl = std::chrono::seconds{2};
  Neighbours world{9, config};
  EXPECT_EQ(world.add("example.com"), Status::ok);
  world.sim.run_for(std::chrono::seconds{2});
  EXPECT_EQ(world.add("example.org"), Status::deny);
  EXPECT_EQ(world.proxymap.accepted, 2U);
}

TEST(Proxymap, IsAskedAgainAtOnceAndSilentlyWhenItGoesAway) {
  Neighbours world{10};
  EXPECT_EQ(world.add("example.com"), Status::ok);
  world.proxymap.close_connections();
  EXPECT_EQ(world.add("example.org"), Status::deny);
  world.proxymap.dies_at_requests = 1;
  EXPECT_EQ(world.add("example.net"), Status::deny);
  EXPECT_THAT(world.records(), IsEmpty());
}

TEST(Proxymap, IsAskedEverySecondWhileItDies) {
  Neighbours world{11};
  world.proxymap.dies_at_requests = 3;
  const Instant begin = world.sim.loop.now();
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_EQ(world.sim.loop.now() - begin, std::chrono::seconds{2});
  EXPECT_THAT(world.records(), SizeIs(2));
  EXPECT_THAT(world.records().front(), HasSubstr("warning: private/proxymap: receive: Connection reset"));
}

TEST(Proxymap, FailsTheRequestWhenItIsSilentAndHoldsUpNobodyElse) {
  Neighbours world{12, list("local.example, proxy:hash:t")};
  world.proxymap.is_awake = false;
  Caller one{world.sim, AddRequest{"example.com", "4Xk2bQ0z"}};
  Caller two{world.sim, AddRequest{"example.org", "4Xk2bQ0z"}};
  world.sim.settle();
  EXPECT_EQ(world.add("local.example"), Status::ok);
  EXPECT_FALSE(one.is_over());

  world.sim.run_for(world.daemon.config.uflush_table_timeout);
  world.sim.settle();
  EXPECT_EQ(one.answer(), Status::fail);
  EXPECT_EQ(two.answer(), Status::fail);
  EXPECT_THAT(world.records(), testing::Contains("warning: proxy:hash:t is unavailable. no answer from "
                                                 "private/proxymap within 10s"));
  EXPECT_THAT(world.records(), testing::Contains(problem));

  world.proxymap.is_awake = true;
  EXPECT_EQ(world.add("example.com"), Status::ok) << "failures are not remembered";
}

TEST(Proxymap, FailsTheRequestWhenNobodyListens) {
  Neighbours world{13};
  world.proxymap.stop_listening();
  EXPECT_EQ(world.add("example.com"), Status::fail);
  EXPECT_THAT(world.records(), testing::Contains("warning: private/proxymap: connect: Connection refused"));
}

TEST(Proxymap, SaysThatATableIsNotListed) {
  Neighbours world{14, list("proxy:hash:u")};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(world.add("example.com"), Status::fail);
  const std::string why =
      "warning: proxy:hash:u is unavailable. proxymap service is not configured for table \"hash:u\": list "
      "proxy:hash:u in proxy_read_maps";
  const std::string problem_of_u = "warning: fast_flush_domains: proxy:hash:u: table lookup problem";
  EXPECT_THAT(world.records(), ElementsAre(why, problem_of_u, why, problem_of_u));
  EXPECT_FALSE(world.daemon.is_over());
}

TEST(Proxymap, FailsTheRequestWhenTheTableCannotSay) {
  for (const int status : {2, 5}) {
    Neighbours world{15};
    world.proxymap.tables["hash:t"].lookup_status = status;
    EXPECT_EQ(world.add("example.com"), Status::fail);
    EXPECT_THAT(world.records(), ElementsAre(problem));
  }
}

TEST(Proxymap, FailsTheRequestWhenTheTableCannotBeOpened) {
  for (const int status : {2, 5}) {
    Neighbours world{18};
    world.proxymap.tables["hash:t"].open_status = status;
    EXPECT_EQ(world.add("example.com"), Status::fail);
    EXPECT_THAT(world.records(), ElementsAre(problem));
    world.proxymap.tables["hash:t"].open_status = 0;
    EXPECT_EQ(world.add("example.com"), Status::ok);
  }
}

TEST(Proxymap, SaysWhatItWasRefused) {
  struct Refusal {
    int open_status;
    int lookup_status;
    std::string why;
  };
  const Refusal refusals[] = {
      {3, -1, "proxymap open failed for table \"hash:t\": invalid request"},
      {-1, 3, "proxymap lookup failed for table \"hash:t\" key \"example.com\": invalid request"},
      {-1, 4, "proxymap service is not configured for table \"hash:t\": list"},
  };
  for (const Refusal& refusal : refusals) {
    Neighbours world{19};
    world.proxymap.tables["hash:t"].open_status = refusal.open_status;
    world.proxymap.tables["hash:t"].lookup_status = refusal.lookup_status;
    EXPECT_EQ(world.add("example.com"), Status::fail);
    ASSERT_THAT(world.records(), SizeIs(2));
    EXPECT_THAT(world.records().front(), HasSubstr(refusal.why));
    EXPECT_EQ(world.records().back(), problem);
    world.proxymap.tables["hash:t"].open_status = 0;
    world.proxymap.tables["hash:t"].lookup_status = -1;
    EXPECT_EQ(world.add("example.com"), Status::ok) << "the next request asks again";
  }
}

TEST(Proxymap, FailsTheRequestAfterAnswersWithoutSense) {
  Neighbours odd{16};
  odd.proxymap.tables["hash:t"].lookup_status = 77;
  EXPECT_EQ(odd.add("example.com"), Status::fail);
  EXPECT_THAT(odd.records().front(), HasSubstr("unexpected reply status 77"));
  Neighbours strange{20};
  strange.proxymap.tables["hash:t"].open_status = 77;
  EXPECT_EQ(strange.add("example.com"), Status::fail);
  EXPECT_THAT(strange.records().front(), HasSubstr("open of table \"hash:t\": unexpected status 77"));
  Neighbours other{17};
  other.proxymap.announcement = "something else";
  EXPECT_EQ(other.add("example.com"), Status::fail);
  EXPECT_THAT(other.records().front(), HasSubstr("connect: Protocol error"));
}

TEST(Proxymap, OfPostfix311IsAskedInItsOwnForm) {
  Neighbours world{18};
  world.proxymap.is_3_11 = true;
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_EQ(world.add("example.org"), Status::deny);
  EXPECT_EQ(world.proxymap.accepted, 2U);
  EXPECT_THAT(world.records(), IsEmpty());
}

TEST(Proxymap, DoesNotKeepADaemonThatMustLeave) {
  Neighbours world{19};
  world.proxymap.is_awake = false;
  const Caller caller{world.sim, AddRequest{"example.com", "4Xk2bQ0z"}};
  world.sim.settle();
  world.daemon.server.leave("end of test");
  world.sim.settle();
  EXPECT_TRUE(world.daemon.is_over());
}

TEST(Proxymap, AnswersEverybodyRightInAnyOrderOfEvents) {
  for (std::uint64_t seed = 100; seed < 140; ++seed) {
    Neighbours world{seed};
    world.sim.shake();
    std::vector<std::unique_ptr<Caller>> callers;
    for (std::size_t i = 0; i < 20; ++i) {
      const std::string site =
          numbered(i % 2 == 0 ? "a" : "b", i) + (i % 2 == 0 ? ".example.com" : ".example.org");
      callers.push_back(std::make_unique<Caller>(world.sim, AddRequest{site, "4Xk2bQ0z"}));
    }
    const auto all_over = [&] {
      return std::all_of(callers.begin(), callers.end(),
                         [](const auto& caller) { return caller->is_over(); });
    };
    ASSERT_TRUE(world.sim.run_until(all_over));
    for (std::size_t i = 0; i < callers.size(); ++i)
      EXPECT_EQ(callers[i]->answer(), i % 2 == 0 ? Status::ok : Status::deny) << i;
  }
}

}  // namespace
}  // namespace uflush
