/// Tables that the privileged process looks into, and rehearsals of a start, in a simulated world.
#include "core/privileged_client.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config_changes.hpp"
#include "tests/core/daemon_in_sim.hpp"
#include "tests/core/sim_privileged.hpp"
#include "tests/sim/sim_proxymap.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string table = "mysql:/etc/sites.cf";

Config list(const std::string& sites = table) {
  Config config = DaemonInSim::everybody_is_welcome();
  config.fast_flush_domains = sites;
  return config;
}

/// A daemon whose sites are in a table that the privileged process looks into, which knows example.com.
struct World {
  explicit World(std::uint64_t seed, Config config = list(), const std::string& the_table = table)
      : sim{Seed{seed}},
        privileged{sim},
        daemon{sim, std::move(config)},
        client{sim.loop, privileged.take_daemons_end(), {the_table}, daemon.config, daemon.log} {
    privileged.tables = {{"example.com"}};
    daemon.spool.privileged = &client;
    sim.start(client.run(end));
  }
  ~World() {
    daemon.server.drain("end of test");
    EXPECT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
    end.request_stop();
    sim.finish();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Status add(const std::string& site) { return daemon.ask(AddRequest{site, "4Xk2bQ0z"}); }
  const std::vector<std::string>& records() { return daemon.sink.records; }

  Sim sim;
  StopSource end;
  SimPrivileged privileged;
  DaemonInSim daemon;
  PrivilegedClient client;
};

TEST(PrivilegedTable, DecidesWhichSitesHaveALog) {
  World world{1};
  EXPECT_EQ(world.add("A.Example.com"), Status::ok);
  EXPECT_EQ(world.add("example.org"), Status::deny);
  EXPECT_THAT(world.privileged.asked,
              ElementsAre("0 a.example.com", "0 example.com", "0 example.org", "0 org"));
  EXPECT_THAT(world.records(), IsEmpty());
}

// As by the reference.
TEST(PrivilegedTable, OfAServerIsAskedForTheWholeSiteOnly) {
  for (const std::string name : {"tcp:localhost:99", "socketmap:inet:localhost:99:x"}) {
    World world{10, list(name), name};
    EXPECT_EQ(world.add("a.example.com"), Status::deny);
    EXPECT_THAT(world.privileged.asked, ElementsAre("0 a.example.com"));
  }
}

TEST(PrivilegedTable, IsNotAskedAgainForAWhile) {
  World world{2};
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_THAT(world.privileged.asked, SizeIs(1));
  world.sim.run_for(world.daemon.config.uflush_table_cache_time);
  world.privileged.tables[0].clear();
  EXPECT_EQ(world.add("example.com"), Status::deny);
}

TEST(PrivilegedTable, IsAskedOnceForAllWhoWantToKnowTheSame) {
  World world{3};
  std::vector<std::unique_ptr<Caller>> callers;
  for (std::size_t i = 0; i < 50; ++i)
    callers.push_back(std::make_unique<Caller>(world.sim, AddRequest{"example.com", numbered("A", i)}));
  world.sim.settle();
  for (const auto& caller : callers) EXPECT_EQ(caller->answer(), Status::ok);
  EXPECT_THAT(world.privileged.asked, SizeIs(1));
}

TEST(PrivilegedTable, IsNotAskedForKeysThatNoSiteCanHave) {
  World world{4};
  EXPECT_EQ(world.add(std::string(256, 'a')), Status::deny);
  EXPECT_EQ(world.add("two\nlines"), Status::deny);
  EXPECT_THAT(world.privileged.asked, IsEmpty());
}

TEST(PrivilegedTable, ThatFailsIsLeftAloneForASecondAndNamedOnceAMinute) {
  World world{5};
  world.privileged.broken = "connect to server: Connection refused";
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(world.add(numbered("x", i) + ".example.com"), Status::fail);
  EXPECT_THAT(world.privileged.asked, SizeIs(1));
  for (int i = 0; i < 30; ++i) {
    world.sim.run_for(std::chrono::seconds{1});
    EXPECT_EQ(world.add("example.com"), Status::fail);
  }
  EXPECT_THAT(world.privileged.asked, SizeIs(31));
  EXPECT_THAT(
      world.records(),
      ElementsAre("warning: mysql:/etc/sites.cf cannot be asked: connect to server: Connection refused; "
                  "mend that, or write proxy:mysql:/etc/sites.cf and list it in proxy_read_maps"));
  world.sim.run_for(std::chrono::seconds{31});
  EXPECT_EQ(world.add("example.com"), Status::fail);
  EXPECT_THAT(world.records(), SizeIs(2));
  world.privileged.broken.clear();
  world.sim.run_for(std::chrono::seconds{1});
  EXPECT_EQ(world.add("example.com"), Status::ok);
}

TEST(PrivilegedTable, IsTriedAtTheStart) {
  World world{6};
  world.privileged.broken = "open /etc/sites.cf: No such file or directory";
  world.sim.start(world.client.try_tables(world.end));
  world.sim.settle();
  EXPECT_THAT(world.privileged.asked, ElementsAre("0 uflush.invalid"));
  EXPECT_THAT(world.records(), ElementsAre(HasSubstr("write proxy:mysql:/etc/sites.cf and list it")));
}

TEST(PrivilegedTable, FailsRequestsWhileNobodyAnswersAndHoldsUpNobodyElse) {
  World world{7, list("z.example, " + table)};
  world.privileged.is_awake = false;
  Caller waiting{world.sim, AddRequest{"example.com", "A1"}};
  world.sim.settle();
  EXPECT_EQ(world.add("z.example"), Status::ok);
  EXPECT_FALSE(waiting.is_over());
  world.sim.run_for(world.daemon.config.uflush_table_timeout + std::chrono::seconds{1});
  EXPECT_EQ(waiting.answer(), Status::fail);
  EXPECT_THAT(world.records(), ElementsAre(HasSubstr("the privileged process does not answer")));
}

TEST(PrivilegedTable, IsProxymapsWhenThePrivilegedProcessHasGone) {
  World world{8};
  SimProxymap proxymap{world.sim};
  proxymap.tables[table].keys = {"example.com"};
  world.privileged.is_awake = false;
  Caller waiting{world.sim, AddRequest{"example.com", "A1"}};
  world.sim.settle();
  world.privileged.die();
  world.sim.settle();
  EXPECT_EQ(waiting.answer(), Status::fail);
  EXPECT_FALSE(world.client.is_there());
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_THAT(proxymap.asked, ElementsAre(table, table + " example.com"));
  EXPECT_THAT(world.records(), testing::Contains(HasSubstr("the privileged process has gone")));
}

TEST(PrivilegedTable, WrittenWithProxyIsProxymaps) {
  World world{9, list("proxy:" + table)};
  SimProxymap proxymap{world.sim};
  proxymap.tables[table].keys = {"example.com"};
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_THAT(world.privileged.asked, IsEmpty());
}

/// What the daemon does about changes, without files to watch: the privileged process tells of them.
struct Changes : World {
  explicit Changes(std::uint64_t seed)
      : World(seed, DaemonInSim::everybody_is_welcome()),
        changes({.loop = sim.loop,
                 .log = daemon.log,
                 .watch = nullptr,
                 .privileged = &client,
                 .leave = [this] { daemon.server.drain("configuration changed"); },
                 .stay = [this](bool) { ++stays; }}) {
    sim.start(changes.run(end));
  }
  ~Changes() {
    end.request_stop();
    sim.settle();
  }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  ConfigChanges changes;
  int stays = 0;
};

TEST(ChangedConfig, EndsTheProcessWhenAStartWouldSucceed) {
  Changes world{11};
  EXPECT_FALSE(world.daemon.is_over());
  world.privileged.say_files_changed();
  world.sim.settle();
  EXPECT_TRUE(world.daemon.is_over());
  EXPECT_EQ(world.privileged.rehearsals, 1U);
  EXPECT_THAT(world.records(), IsEmpty());
}

TEST(ChangedConfig, IsNamedOnceWhenAStartWouldFailAndTriedAgain) {
  Changes world{12};
  world.privileged.start_fails =
      "file /etc/postfix/main.cf, line 7: bad numerical configuration: max_use = x";
  world.privileged.say_files_changed();
  world.sim.run_for(std::chrono::seconds{62});
  EXPECT_EQ(world.privileged.rehearsals, 13U) << "every five seconds";
  EXPECT_EQ(world.add("example.com"), Status::ok);
  EXPECT_THAT(
      world.records(),
      ElementsAre("warning: the configuration has changed, but a start with it would fail, so this process "
                  "goes on with the old one: " +
                  world.privileged.start_fails));
  EXPECT_GE(world.stays, 1);
  world.privileged.start_fails = "something else";
  world.privileged.say_files_changed();
  world.sim.settle();
  EXPECT_THAT(world.records(), SizeIs(2));
  world.privileged.start_fails.clear();
  world.sim.run_for(std::chrono::seconds{5});
  EXPECT_TRUE(world.daemon.is_over());
}

TEST(ChangedConfig, IsLookedAtAgainWhenItChangesDuringARehearsal) {
  Changes world{13};
  world.privileged.start_fails = "half a file";
  world.privileged.is_awake = false;
  world.privileged.say_files_changed();
  world.sim.settle();
  world.privileged.say_files_changed();
  world.sim.settle();
  world.privileged.is_awake = true;
  world.sim.run_until([&] { return world.privileged.rehearsals == 1; });
  world.privileged.start_fails.clear();
  world.sim.settle();
  EXPECT_EQ(world.privileged.rehearsals, 2U);
  EXPECT_TRUE(world.daemon.is_over());
  EXPECT_THAT(world.records(), IsEmpty());
}

TEST(ChangedConfig, EndsTheProcessWhenNobodyCanHoldARehearsal) {
  Changes world{14};
  world.privileged.is_awake = false;
  world.privileged.say_files_changed();
  world.sim.settle();
  EXPECT_FALSE(world.daemon.is_over());
  world.privileged.die();
  world.sim.settle();
  EXPECT_TRUE(world.daemon.is_over());
}

TEST(ChangedConfig, StaysWhenThePrivilegedProcessGoesBetweenTwoRehearsals) {
  Changes world{15};
  world.privileged.start_fails = "bad";
  world.privileged.say_files_changed();
  world.sim.settle();
  world.privileged.die();
  world.sim.run_for(std::chrono::seconds{60});
  EXPECT_FALSE(world.daemon.is_over());
}

}  // namespace
}  // namespace uflush
