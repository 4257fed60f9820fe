// refresh, purge and the wake-up: which logs are sent, which are removed, what is passed over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"
#include "tests/core/looked_at_log.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* log_path = "flush/example_com";

TEST(Refresh, SendsALogThatNobodyHasLookedAtForLongerThanTheRefreshTime) {
  for (const std::time_t age : {12 * hour - 1, 12 * hour, 12 * hour + 1}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    defer(sim, log_path, "A1", age, 0);
    EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
    EXPECT_EQ(was_sent(sim, "A1"), age > 12 * hour);  // strictly longer
    EXPECT_EQ(sim.qmgr.triggers(), age > 12 * hour ? "I" : "");
  }
}

TEST(Refresh, GoesByTheTimeOfTheLastLookNotOfTheLastWrite) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, log_path, "A1", 0, 30 * day);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_FALSE(was_sent(sim, "A1"));
}

TEST(Refresh, EmptiesTheLogAndStartsItsClockAnew) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, log_path, "A1", day, day);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), "");
  EXPECT_EQ(sim.files.access_time(log_path), sim.clock.wall_time());
  EXPECT_EQ(sim.files.change_time(log_path), sim.clock.wall_time());
}

TEST(Refresh, NeverSendsALogWhoseLastLookLiesInTheFuture) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, log_path, "A1", -day, 0);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_EQ(daemon.ask(PurgeRequest{}), Status::ok);
  EXPECT_FALSE(was_sent(sim, "A1"));
}

TEST(Refresh, DoesNotAskWhetherTheSiteIsStillOnTheList) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.fast_flush_domains = "example.org";
  DaemonInSim daemon{sim, config};
  defer(sim, log_path, "A1", day, day);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_TRUE(was_sent(sim, "A1"));
}

TEST(Purge, SendsEveryLogThatWasNotLookedAtInThisVerySecond) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, "flush/one_example", "A1", 0, 0);
  defer(sim, "flush/two_example", "B2", 1, 0);
  EXPECT_EQ(daemon.ask(PurgeRequest{}), Status::ok);
  EXPECT_FALSE(was_sent(sim, "A1"));
  EXPECT_TRUE(was_sent(sim, "B2"));
}

TEST(Refresh, RemovesAnEmptyLogThatIsOlderThanThePurgeTime) {
  for (const bool purge : {false, true}) {
    for (const std::time_t age : {7 * day - 1, 7 * day, 7 * day + 1}) {
      Sim sim{Seed{1}};
      DaemonInSim daemon{sim};
      sim.files.write(log_path, "");
      sim.files.set_times(log_path, sim.clock.wall_time(), sim.clock.wall_time() - age);
      EXPECT_EQ(daemon.ask(purge ? FlushRequest{PurgeRequest{}} : FlushRequest{RefreshRequest{}}),
                Status::ok);
      EXPECT_EQ(sim.files.exists(log_path), age <= 7 * day);
      EXPECT_EQ(sim.qmgr.triggers(), "");
    }
  }
}

/// An empty log that is due for removal, but not to be sent should it get lines.
void make_stale(Sim& sim) {
  sim.files.write(log_path, "");
  sim.files.set_times(log_path, sim.clock.wall_time(), 6);
}

TEST(Refresh, LeavesAnEmptyLogThatSomebodyHasLocked) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  make_stale(sim);
  sim.files.lock_from_outside(log_path);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_TRUE(sim.files.exists(log_path));
  EXPECT_THAT(daemon.sink.records, IsEmpty());
  sim.files.unlock_from_outside(log_path);
}

TEST(Refresh, LeavesALogThatIsNoLongerEmptyWhenItHasTheLock) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  make_stale(sim);
  sim.files.before_call = [&](FileCall call, const std::string& path) {
    if (call == FileCall::lock && path == log_path) sim.files.write(log_path, "A1\n");
  };
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
}

TEST(Refresh, LeavesANewLogThatTookThePlaceOfTheEmptyOne) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  make_stale(sim);
  sim.files.before_call = [&](FileCall call, const std::string& path) {
    if (call != FileCall::lock || path != log_path) return;
    sim.files.remove(log_path);
    sim.files.write(log_path, "A1\n");
  };
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_TRUE(log_has(sim.files, log_path, "A1"));
}

TEST(Refresh, RemovesAnEmptyLogThatItMayNotOpen) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  make_stale(sim);
  sim.files.fail(FileCall::open, log_path, EACCES);
  EXPECT_EQ(daemon.ask(PurgeRequest{}), Status::ok);
  EXPECT_FALSE(sim.files.exists(log_path));
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(Refresh, LosesNoAddThatComesWhileItRemovesTheLog) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    make_stale(sim);
    Caller refresh(sim, RefreshRequest{});
    Caller add(sim, AddRequest{"example.com", "A1"});
    ASSERT_TRUE(sim.run_until([&] { return refresh.is_over() && add.is_over(); }));
    EXPECT_EQ(add.answer(), Status::ok);
    EXPECT_TRUE(log_has(sim.files, log_path, "A1"));
  }
}

TEST(Refresh, WarnsWhenAnEmptyLogCannotBeRemoved) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  make_stale(sim);
  sim.files.fail(FileCall::unlink, log_path, EACCES);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: remove logfile flush/example_com: Permission denied"));
}

TEST(Refresh, WarnsWhenALogCannotBeLookedAtAndGoesOn) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, "flush/one_example", "A1", day, day);
  defer(sim, "flush/two_example", "B2", day, day);
  sim.files.fail(FileCall::stat, "flush/one_example", EIO);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_FALSE(was_sent(sim, "A1"));
  EXPECT_TRUE(was_sent(sim, "B2"));
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: flush_refresh_service: stat flush/one_example: Input/output error"));
}

TEST(Refresh, PassesOverALogThatVanishesMeanwhile) {
  for (const FileCall call : {FileCall::stat, FileCall::open}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    make_stale(sim);
    sim.files.before_call = [&](FileCall kind, const std::string& path) {
      if (kind == call && path == log_path && sim.files.exists(path)) sim.files.remove(path);
    };
    EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
    EXPECT_THAT(daemon.sink.records, IsEmpty());
  }
}

TEST(Refresh, FindsTheLogsOfAHashedFlushDirectory) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::hashing("deferred flush", 2)};
  defer(sim, "flush/e/x/example_com", "A1", day, day);
  defer(sim, "flush/o/t/other_example", "B2", day, day);
  sim.files.write("deferred/A/1/A1", "message");
  sim.files.write("deferred/B/2/B2", "message");
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_TRUE(was_sent(sim, "A1"));
  EXPECT_TRUE(was_sent(sim, "B2"));
  EXPECT_EQ(sim.files.read("flush/e/x/example_com"), "");
}

TEST(Refresh, PassesOverLogsThatLieInTheWrongDirectory) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, "flush/e/example_com", "A1", day, day);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_EQ(sim.files.read("flush/e/example_com"), "A1\n");
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(Refresh, PassesOverNamesThatNoLogCanHave) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, "flush/example.com", "A1", day, day);
  defer(sim, "flush/.hidden", "B2", day, day);
  EXPECT_EQ(daemon.ask(PurgeRequest{}), Status::ok);
  EXPECT_THAT(sim.files.names("incoming"), IsEmpty());
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(Refresh, SendsTheLogOfASiteWithAOneLetterName) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, "flush/x", "A1", day, day);
  defer(sim, log_path, "B2", day, day);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_TRUE(was_sent(sim, "A1"));
  EXPECT_TRUE(was_sent(sim, "B2"));
}

TEST(Refresh, PassesOverDirectories) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.make_directories("flush/directory");
  sim.files.set_times("flush/directory", 5, 6);
  defer(sim, log_path, "A1", day, day);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_TRUE(was_sent(sim, "A1"));
  EXPECT_TRUE(sim.files.exists("flush/directory"));
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(Refresh, SaysWhyItCannotScan) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.remove("flush");
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("fatal: scan_dir_push: open directory flush: No such file or directory"));
}

TEST(Refresh, GoesThroughMoreNamesThanFitIntoOneSlice) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  for (std::size_t i = 0; i < 1500; ++i) sim.files.write(numbered("flush/site", i), "");
  defer(sim, log_path, "A1", day, day);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  EXPECT_TRUE(was_sent(sim, "A1"));
}

TEST(Refresh, AnswersBeforeTheWorkAndClosesAfterIt) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    defer(sim, log_path, "A1", day, day);
    sim.files.lock_from_outside(log_path);
    Caller refresh(sim, RefreshRequest{});
    sim.run_for(std::chrono::seconds(10));
    EXPECT_EQ(refresh.answer(), Status::ok);
    EXPECT_FALSE(refresh.is_over());
    sim.files.unlock_from_outside(log_path);
    ASSERT_TRUE(sim.run_until([&] { return refresh.is_over(); }));
    EXPECT_TRUE(was_sent(sim, "A1"));
  }
}

TEST(Refresh, RunsOneAtATime) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    defer(sim, log_path, "A1", day, day);
    Caller first(sim, RefreshRequest{});
    Caller second(sim, PurgeRequest{});
    Caller third(sim, SendSiteRequest{"example.com"});
    ASSERT_TRUE(sim.run_until([&] { return first.is_over() && second.is_over() && third.is_over(); }));
    EXPECT_TRUE(was_sent(sim, "A1"));
    EXPECT_EQ(sim.files.read(log_path), "");
  }
}

TEST(WakeUp, RefreshesAlthoughMasterHangsUpAsSoonAsItIsAnnounced) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    sim.ring.faults.split_recv = 0;
    DaemonInSim daemon{sim};
    defer(sim, log_path, "A1", day, day);
    SimClient master(sim);
    master.send("W").send(std::string_view("\0", 1)).wait_for(1).close();
    ASSERT_TRUE(sim.run_until([&] { return master.is_over() && daemon.server.clients() == 0; }));
    EXPECT_TRUE(was_sent(sim, "A1"));
    EXPECT_THAT(daemon.sink.records, IsEmpty());
  }
}

TEST(Refresh, StopsWhenTheDaemonMustLeave) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, "flush/one_example", "A1", day, day);
  defer(sim, "flush/two_example", "B2", day, day);
  sim.files.lock_from_outside("flush/one_example");
  sim.files.lock_from_outside("flush/two_example");
  Caller refresh(sim, RefreshRequest{});
  sim.run_for(std::chrono::seconds(1));
  daemon.server.leave("test");
  sim.files.unlock_from_outside("flush/one_example");
  sim.files.unlock_from_outside("flush/two_example");
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  EXPECT_THAT(sim.files.names("incoming"), IsEmpty());
}

TEST(Refresh, TellsWhatItDoesWhenItIsVerbose) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  daemon.log.set_verbose(1);
  make_stale(sim);
  sim.files.write("flush/empty", "");
  defer(sim, "flush/due", "A1", day, day);
  defer(sim, "flush/fresh", "B2", hour, hour);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  for (const char* note :
       {"flush_refresh_service: unlink flush/example_com, empty and unchanged for 7 days",
        "flush_refresh_service: skip logfile empty - empty log", "flush_refresh_service: flush logfile due",
        "flush_refresh_service: skip logfile fresh, unread for <12 hours(s) "})
    EXPECT_THAT(daemon.sink.records, testing::Contains(note));
}

}  // namespace
}  // namespace uflush
