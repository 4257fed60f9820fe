// Adds that are on the disk when they are answered, and crashes.
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;

constexpr const char* log_path = "flush/example_com";

Config synced() {
  Config config = DaemonInSim::everybody_is_welcome();
  config.uflush_durability = Durability::sync;
  return config;
}

TEST(DurableAdd, IsAnsweredOnlyAfterTheDiskHasTheLine) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim, synced()};
    Caller caller(sim, AddRequest{"example.com", "A1"});
    sim.checkers.emplace_back([&] {
      if (!caller.answer()) return;
      EXPECT_EQ(sim.disk.at(log_path)->synced, "A1\n");
    });
    ASSERT_TRUE(sim.run_until([&] { return caller.is_over(); }));
    EXPECT_EQ(caller.answer(), Status::ok);
    EXPECT_EQ(sim.files.calls(FileCall::sync), 2U);  // the file is new: its name, too
    sim.checkers.clear();
  }
}

TEST(DurableAdd, LeavesTheDirectoryAloneWhenTheFileIsNotNew) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, synced()};
  sim.files.write(log_path, "OLD\n");
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  EXPECT_EQ(sim.files.calls(FileCall::sync), 1U);
}

TEST(DurableAdd, FailsWhenTheDiskDoesNotTakeIt) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, synced()};
  sim.files.write(log_path, "OLD\n");
  sim.files.fail(FileCall::sync, log_path, EIO);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::fail);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: write fast flush logfile example_com: Input/output error"));
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A2"}), Status::ok);
}

TEST(DurableAdd, DoesNotFailForWantOfAThread) {
  for (const int error : {EAGAIN, ECANCELED}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim, synced()};
    sim.ring.sync = [error](int) -> Result<void> { return Error{error}; };
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
    EXPECT_EQ(sim.disk.at(log_path)->synced, "A1\n");
  }
}

TEST(DurableAdd, FailsWhenTheNameOfANewLogCannotBeSynced) {
  for (const FileCall call : {FileCall::open, FileCall::sync}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim, synced()};
    sim.files.fail(call, "flush", EIO);
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::fail);
  }
}

TEST(DurableAdd, HasOneSyncPerSiteInFlightAndGathersTheNextBatchMeanwhile) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim, synced()};
    sim.files.write(log_path, "OLD\n");
    sim.files.write("flush/example_org", "OLD\n");
    std::deque<Caller> callers;
    for (std::size_t i = 0; i < 30; ++i) {
      const std::string site = i % 2 == 0 ? "example.com" : "example.org";
      callers.emplace_back(sim, AddRequest{site, numbered("A", i)});
    }
    std::size_t writes = 0;
    sim.files.before_call = [&](FileCall call, const std::string& path) {
      if (path != log_path) return;
      if (call == FileCall::write) ++writes;
      EXPECT_LE(writes, 1U);  // none before the last one is on the disk
      if (call == FileCall::sync) writes = 0;
    };
    ASSERT_TRUE(sim.run_until([&] { return are_over(callers); }));
    for (const Caller& caller : callers) EXPECT_EQ(caller.answer(), Status::ok);
    sim.files.before_call = {};
  }
}

/// Adds under a crash at any file call and after each turn; `crash` makes an image of the disk.
template <typename Crash>
void expect_no_answered_add_lost(Config config, std::uint64_t seed, Crash crash) {
  Sim sim{Seed{seed}};
  sim.shake();
  Dice fate{Seed{seed + 5000}};
  DaemonInSim daemon{sim, std::move(config)};
  std::deque<Caller> callers;
  const auto site = [](std::size_t i) { return i % 3 == 0 ? "example.org" : "example.com"; };
  const auto path = [](std::size_t i) { return i % 3 == 0 ? "flush/example_org" : "flush/example_com"; };
  for (std::size_t i = 0; i < 12; ++i) callers.emplace_back(sim, AddRequest{site(i), numbered("A", i)});
  const auto check = [&] {
    if (!fate.chance(0.2)) return;
    Sim after{Seed{seed}, crash(sim.disk, fate)};
    for (std::size_t i = 0; i < callers.size(); ++i) {
      EXPECT_TRUE(!callers[i].answer() || log_has(after.files, path(i), numbered("A", i)));
    }
  };
  sim.files.before_call = [&](FileCall, const std::string&) { check(); };
  sim.checkers.emplace_back(check);
  ASSERT_TRUE(sim.run_until([&] { return are_over(callers); }));
  for (const Caller& caller : callers) EXPECT_EQ(caller.answer(), Status::ok);
  sim.checkers.clear();
  sim.files.before_call = {};
}

TEST(DurableAdd, SurvivesAPowerLossAtAnyMoment) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    expect_no_answered_add_lost(synced(), seed,
                                [](const SimDisk& disk, Dice& fate) { return disk.after_power_loss(fate); });
  }
}

TEST(Add, SurvivesTheDeathOfTheProcessAtAnyMoment) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    expect_no_answered_add_lost(DaemonInSim::everybody_is_welcome(), seed,
                                [](const SimDisk& disk, Dice&) { return disk.after_process_death(); });
  }
}

}  // namespace
}  // namespace uflush
