// Adds to logs that the daemon has to itself: without the lock, and yet no line is lost to others.
#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"
#include "tests/sim/other_flush.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* site = "example.com";
constexpr const char* log_path = "flush/example_com";

/// A daemon that holds the lease of the site's log.
class Leases : public testing::Test {
 public:
  static_assert(DaemonInSim::appends_per_lease == 2);

  void SetUp() override {
    add("A1");
    add("A2");
    ASSERT_TRUE(sim.files.is_leased(log_path));
  }
  void add(std::string_view queue_id) {
    EXPECT_EQ(daemon.ask(AddRequest{site, std::string(queue_id)}), Status::ok);
  }
  std::size_t locks() const { return sim.files.calls(FileCall::lock); }
  std::string log() const { return sim.files.read(log_path); }
  /// Calls `action` once, right before the next write to the log.
  void before_next_write(std::function<void()> action) {
    sim.files.before_call = [this, action = std::move(action)](FileCall call, const std::string& path) {
      if (call != FileCall::write || path != log_path) return;
      const auto once = std::exchange(sim.files.before_call, {});
      action();
    };
  }

  Sim sim{Seed{1}};
  OtherFlush other{sim};
  DaemonInSim daemon{sim};
};

TEST_F(Leases, SpareTheLock) {
  const std::size_t before = locks();
  const std::size_t looks = sim.files.calls(FileCall::stat);
  add("A3");
  add("A4");
  EXPECT_EQ(locks(), before);
  EXPECT_EQ(sim.files.calls(FileCall::stat), looks);
  EXPECT_EQ(log(), "A1\nA2\nA3\nA4\n");
}

TEST_F(Leases, AreGivenBackWhenNothingIsAddedForAMoment) {
  sim.run_for(std::chrono::milliseconds(250));
  add("A3");
  sim.run_for(std::chrono::milliseconds(250));
  EXPECT_TRUE(sim.files.is_leased(log_path));
  sim.run_for(std::chrono::seconds(1));
  EXPECT_FALSE(sim.files.is_leased(log_path));
}

TEST_F(Leases, AreSoonHadAgainIfTheyHavePaid) {
  for (const char* id : {"A3", "A4", "A5", "A6"}) add(id);
  sim.run_for(std::chrono::seconds(1));
  EXPECT_FALSE(sim.files.is_leased(log_path));
  const std::size_t before = locks();
  add("A7");
  add("A8");
  EXPECT_TRUE(sim.files.is_leased(log_path));
  EXPECT_EQ(locks(), before + 2);
}

TEST_F(Leases, AreHardToHaveAgainIfTheyWereOfNoUse) {
  sim.run_for(std::chrono::seconds(1));
  ASSERT_FALSE(sim.files.is_leased(log_path));
  for (const char* id : {"A3", "A4", "A5", "A6"}) add(id);
  EXPECT_FALSE(sim.files.is_leased(log_path));
  for (std::size_t i = 0; i < 20; ++i) add(numbered("B", i));
  EXPECT_TRUE(sim.files.is_leased(log_path));
}

TEST_F(Leases, GoToWhoeverOpensTheFile) {
  other.send(log_path);
  ASSERT_TRUE(sim.run_until([&] { return !other.is_busy(); }));
  EXPECT_THAT(other.handled(), ElementsAre("A1", "A2"));
  EXPECT_FALSE(sim.files.is_leased(log_path));
  const std::size_t before = locks();
  for (const char* id : {"B1", "B2", "B3"}) add(id);
  EXPECT_EQ(locks(), before + 3);  // where others work, a lease must be earned harder
  EXPECT_EQ(log(), "B1\nB2\nB3\n");
}

TEST_F(Leases, GoAllWhenTheKernelHasLostCount) {
  daemon.guard.loss = 1;
  other.send(log_path);
  ASSERT_TRUE(sim.run_until([&] { return !other.is_busy(); }));
  EXPECT_FALSE(sim.files.is_leased(log_path));
}

TEST_F(Leases, AreNoObstacleToOurOwnSends) {
  EXPECT_EQ(daemon.ask(SendSiteRequest{site}), Status::ok);
  EXPECT_EQ(log(), "");
  add("A3");
  EXPECT_EQ(log(), "A3\n");
}

TEST_F(Leases, AreNoObstacleToOurOwnRefresh) {
  sim.files.set_times("flush", 0, 0);
  sim.run_for(std::chrono::hours(24));
  daemon.request(PurgeRequest{});
  EXPECT_EQ(log(), "");
}

TEST_F(Leases, AreGivenBackWhenTheFileIsClosed) {
  for (std::size_t i = 0; i <= daemon.spool.open_logs.open_max; ++i)
    EXPECT_EQ(daemon.ask(AddRequest{numbered("site", i) + ".example", "A1"}), Status::ok);
  EXPECT_FALSE(sim.files.is_leased(log_path));
  add("A3");
  EXPECT_EQ(log(), "A1\nA2\nA3\n");
}

TEST_F(Leases, LetNoLineGoToAFileThatWasRemoved) {
  sim.files.remove(log_path);
  add("A3");
  EXPECT_EQ(log(), "A3\n");
  before_next_write([&] { sim.files.remove(log_path); });
  add("A4");
  EXPECT_EQ(log(), "A4\n");
}

TEST_F(Leases, LetNoLineGoToAFileThatWasMovedAway) {
  before_next_write([&] { sim.files.move(log_path, "flush/elsewhere"); });
  add("A3");
  EXPECT_EQ(log(), "A3\n");
}

TEST_F(Leases, LetNoLineGoToAFileWhoseNameAnotherOneHasGot) {
  sim.files.write("flush/another", "X1\n");
  before_next_write([&] { sim.files.move("flush/another", log_path); });
  add("A3");
  EXPECT_EQ(log(), "X1\nA3\n");
}

TEST_F(Leases, LetNoLineGoToADirectoryThatWasMovedAway) {
  before_next_write([&] {
    sim.files.move("flush", "flush.old");
    sim.files.make_directories("flush");
  });
  add("A3");
  EXPECT_EQ(log(), "A3\n");
  add("A4");
  add("A5");
  EXPECT_TRUE(sim.files.is_leased(log_path));
  before_next_write([&] { sim.files.remove(log_path); });  // in the new directory
  add("A6");
  EXPECT_EQ(log(), "A6\n");
}

TEST_F(Leases, WriteALineOnceThoughThereIsNewsOfItsName) {
  daemon.guard.loss = 1;  // whatever is said of names, it is "perhaps all"
  sim.files.write("flush/another", "");
  before_next_write([&] { sim.files.remove("flush/another"); });
  add("A3");
  EXPECT_EQ(log(), "A1\nA2\nA3\n");
}

TEST_F(Leases, AreLostToWhoIsStoppedForLong) {
  // The kernel has taken the lease away, somebody else has sent the log, and all in one turn of ours.
  sim.start([](Leases& test) -> Task<void> {
    const auto append = test.daemon.service.start_add(AddRequest{site, "A3"});
    test.sim.clock.advance(std::chrono::minutes(1));
    test.other.send(log_path);
    SimInode& file = *test.sim.disk.at(log_path);
    file.lease_wanted();
    file.lease_owner = nullptr;
    while (!file.data.empty()) FLUSH_ASSERT(test.sim.threads.step());
    const bool landed = co_await std::get<Append>(*append);
    EXPECT_TRUE(landed);
  }(*this));
  const std::size_t before = locks();
  ASSERT_TRUE(sim.run_until([&] { return !other.is_busy() && log() == "A3\n"; }));
  EXPECT_GT(locks(), before);
}

TEST_F(Leases, TakeAHalfLineAwayThatAFullDiskLeaves) {
  sim.files.shorten_write(log_path, 2);
  EXPECT_EQ(daemon.ask(AddRequest{site, "A3"}), Status::fail);
  EXPECT_EQ(log(), "A1\nA2\n");
  add("A4");
  EXPECT_EQ(log(), "A1\nA2\nA4\n");
}

TEST_F(Leases, KeepTheNextLineApartFromAHalfLineOfUnknownSize) {
  sim.files.shorten_write(log_path, 2);
  sim.files.fail(FileCall::stat, log_path, EIO);
  EXPECT_EQ(daemon.ask(AddRequest{site, "A3"}), Status::fail);
  add("A4");
  EXPECT_EQ(log(), "A1\nA2\nA3\nA4\n");
}

TEST(Lease, IsNotTakenOfAFileThatSomebodyElseHasOpen) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(log_path, "");
  {
    auto open = sim.files.FileSystem::open(current_directory, log_path, FileSystem::Open::read_write);
    for (const char* id : {"A1", "A2", "A3"}) EXPECT_EQ(daemon.ask(AddRequest{site, id}), Status::ok);
    EXPECT_FALSE(sim.files.is_leased(log_path));
  }
  EXPECT_EQ(sim.files.read(log_path), "A1\nA2\nA3\n");
}

TEST(Lease, IsNotTakenOfASymbolicLink) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write("elsewhere", "");
  sim.files.make_symlink("../elsewhere", log_path);
  for (const char* id : {"A1", "A2", "A3"}) EXPECT_EQ(daemon.ask(AddRequest{site, id}), Status::ok);
  EXPECT_FALSE(sim.files.is_leased("elsewhere"));
  EXPECT_EQ(sim.files.read("elsewhere"), "A1\nA2\nA3\n");
}

TEST(Lease, IsDoneWithoutWhereThereAreNone) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.fail(FileCall::lease, "*", EINVAL, 1000);
  for (const char* id : {"A1", "A2", "A3"}) EXPECT_EQ(daemon.ask(AddRequest{site, id}), Status::ok);
  EXPECT_EQ(sim.files.calls(FileCall::lock), 3U);
  EXPECT_EQ(sim.files.calls(FileCall::lease), 1U);  // not asked for again so soon
  EXPECT_EQ(sim.files.read(log_path), "A1\nA2\nA3\n");
}

TEST(Lease, OfOneNameGivesWayToAnAddByAnotherNameOfTheFile) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  for (const char* id : {"A1", "A2"}) EXPECT_EQ(daemon.ask(AddRequest{site, id}), Status::ok);
  ASSERT_TRUE(sim.files.is_leased(log_path));
  sim.files.make_hard_link(log_path, "flush/example_org");
  EXPECT_EQ(daemon.ask(AddRequest{"example.org", "B1"}), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), "A1\nA2\nB1\n");
}

TEST(Lease, IsTakenInHashedDirectoriesAsWell) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.hash_queue_names = "flush";
  config.hash_queue_depth = 2;
  DaemonInSim daemon{sim, config};
  constexpr const char* path = "flush/e/x/example_com";
  for (const char* id : {"A0", "A1", "A2"}) EXPECT_EQ(daemon.ask(AddRequest{site, id}), Status::ok);
  ASSERT_TRUE(sim.files.is_leased(path));
  sim.files.move("flush/e", "flush/f");
  EXPECT_EQ(daemon.ask(AddRequest{site, "A3"}), Status::ok);
  EXPECT_EQ(sim.files.read(path), "A3\n");
}

/// A daemon that no leases are given to, and the calls of each further add.
class Names : public testing::Test {
 protected:
  void refuse_leases() { sim.files.fail(FileCall::lease, "*", EINVAL, 1000); }
  std::size_t looks_of_add(DaemonInSim& daemon, std::string_view queue_id) {
    const std::size_t before = sim.files.calls(FileCall::stat);
    EXPECT_EQ(daemon.ask(AddRequest{site, std::string(queue_id)}), Status::ok);
    return sim.files.calls(FileCall::stat) - before;
  }
  std::string log() const { return sim.files.read(log_path); }

  Sim sim{Seed{1}};
};

TEST_F(Names, AreLookedAtOnceAndThenWatched) {
  DaemonInSim daemon{sim};
  refuse_leases();
  EXPECT_GT(looks_of_add(daemon, "A1"), 0U);
  EXPECT_EQ(looks_of_add(daemon, "A2"), 0U);
  EXPECT_EQ(sim.files.calls(FileCall::lock), 2U);
  sim.files.remove(log_path);
  EXPECT_GT(looks_of_add(daemon, "A3"), 0U);
  EXPECT_EQ(log(), "A3\n");
  EXPECT_EQ(looks_of_add(daemon, "A4"), 0U);
}

TEST_F(Names, AreLookedAtEachTimeWhenTheyAreLinks) {
  DaemonInSim daemon{sim};
  sim.files.write("elsewhere", "");
  sim.files.make_symlink("../elsewhere", log_path);
  for (const char* id : {"A1", "A2", "A3"}) EXPECT_GT(looks_of_add(daemon, id), 0U);
  sim.files.move("elsewhere", "away");
  EXPECT_EQ(daemon.ask(AddRequest{site, "A4"}), Status::ok);
  EXPECT_EQ(sim.files.read("elsewhere"), "A4\n");
}

TEST_F(Names, AreLookedAtEachTimeWhenTheirDirectoryIsALink) {
  sim.files.make_directories("real");
  sim.files.make_symlink("real", "flush");
  DaemonInSim daemon{sim};
  for (const char* id : {"A1", "A2", "A3"}) EXPECT_GT(looks_of_add(daemon, id), 0U);
  sim.files.move("real", "away");
  sim.files.make_directories("real");
  EXPECT_EQ(daemon.ask(AddRequest{site, "A4"}), Status::ok);
  EXPECT_EQ(log(), "A4\n");
}

TEST_F(Names, AreLookedAtEachTimeWhenNothingCanBeWatched) {
  DaemonInSim daemon{sim};
  daemon.guard.watch_error = ENOSPC;
  for (const char* id : {"A1", "A2", "A3"}) EXPECT_GT(looks_of_add(daemon, id), 0U);
  EXPECT_FALSE(sim.files.is_leased(log_path));
}

TEST(Lease, LosesNothingToOthersWhateverTheyDo) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    OtherFlush other(sim);
    DaemonInSim daemon{sim};
    daemon.guard.loss = sim.dice.draw_probability(0.3);
    std::vector<std::string> ids;
    for (int round = 0; round < 20; ++round) {
      std::vector<std::unique_ptr<Caller>> callers;
      for (std::size_t i = sim.dice.below(4); i > 0; --i) {
        ids.push_back(numbered("A", ids.size()));
        callers.push_back(std::make_unique<Caller>(sim, AddRequest{site, ids.back()}));
      }
      if (sim.dice.chance(0.3)) other.send(log_path);
      if (sim.dice.chance(0.2)) other.add(log_path, "X1");
      if (sim.dice.chance(0.2)) sim.run_for(std::chrono::milliseconds(250));
      const auto all_over = [&] {
        return std::all_of(callers.begin(), callers.end(), [](const auto& one) { return one->is_over(); });
      };
      ASSERT_TRUE(sim.run_until(all_over)) << seed;
      for (const auto& caller : callers) EXPECT_EQ(caller->answer(), Status::ok);
    }
    ASSERT_TRUE(sim.run_until([&] { return !other.is_busy(); }));
    const std::string log = sim.files.read(log_path);
    for (const std::string& id : ids) {
      const auto& handled = other.handled();
      EXPECT_EQ(std::count(handled.begin(), handled.end(), id) + (has_line(log, id) ? 1 : 0), 1)
          << id << " seed " << seed;
    }
  }
}

}  // namespace
}  // namespace uflush
