// send_site: triggers, what logs may hold, what is moved, what fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/deferred_mail.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SendSite, MovesTheMessagesAndEmptiesTheLog) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1", "B2"});
  sim.files.set_times(deferred("A1"), 5, 6);
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_TRUE(sim.files.exists(incoming("A1")));
  EXPECT_TRUE(sim.files.exists(incoming("B2")));
  EXPECT_FALSE(sim.files.exists(deferred("A1")));
  EXPECT_EQ(sim.files.access_time(incoming("A1")), sim.clock.wall_time());
  EXPECT_EQ(sim.files.change_time(incoming("A1")), sim.clock.wall_time());
  EXPECT_EQ(sim.files.read(log_path), "");
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(SendSite, UnthrottlesBeforeItMovesAndAsksForAScanAfterwards) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    DaemonInSim daemon{sim};
    defer(sim, many_ids(20));
    sim.qmgr.on_trigger = [&](char wish) {
      EXPECT_TRUE(wish == 'F' || sim.files.names("incoming").size() == 20U);
    };
    EXPECT_EQ(daemon.ask(send_request), Status::ok);
    EXPECT_EQ(sim.qmgr.triggers(), "FI");
  }
}

TEST(SendSite, SaysOkToAMissingLogAndWakesNobody) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_EQ(sim.qmgr.triggers(), "");
  EXPECT_THAT(sim.files.names("flush"), IsEmpty());
}

TEST(SendSite, UnthrottlesForAnEmptyLogButAsksForNoScan) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(log_path, "");
  sim.files.set_times(log_path, 5, 6);
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_EQ(sim.qmgr.triggers(), "F");
  EXPECT_EQ(sim.files.access_time(log_path), sim.clock.wall_time());
  EXPECT_EQ(sim.files.change_time(log_path), sim.clock.wall_time());
}

TEST(SendSite, WarnsOfGarbageAndEmptiesTheLogAllTheSame) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(log_path, "\na-b\n0123456789012345678901234567890123456789/\n");
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
  EXPECT_EQ(sim.files.read(log_path), "");
  EXPECT_THAT(
      daemon.sink.records,
      ElementsAre(
          "warning: bad queue id \"...\" in fast flush logfile example_com",
          "warning: bad queue id \"a-b...\" in fast flush logfile example_com",
          "warning: bad queue id \"012345678901234567890123456789...\" in fast flush logfile example_com"));
}

TEST(SendSite, MovesARepeatedMessageOnce) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1"});
  sim.files.append(log_path, "A1\nA1\n");
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_TRUE(sim.files.exists(incoming("A1")));
  EXPECT_EQ(sim.files.calls(FileCall::rename), 1U);
  EXPECT_EQ(sim.files.calls(FileCall::set_times), 3U);  // the message, and the log before and after
}

TEST(SendSite, TakesALineUpToItsNul) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(deferred("A1"), "message");
  sim.files.write(log_path, std::string_view("A1\0rest\n", 8));
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_TRUE(sim.files.exists(incoming("A1")));
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(SendSite, TakesALastLineWithoutItsNewline) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(deferred("A1"), "message");
  sim.files.write(log_path, "A1");
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_TRUE(sim.files.exists(incoming("A1")));
  EXPECT_EQ(sim.files.read(log_path), "");
}

// As the reference reads it.
TEST(SendSite, TakesHalfALineThatEndsInByte255ForTheEndOfTheFile) {
  for (const std::string& contents :
       {std::string("\n\xFF"), std::string("\nA B\xFF"), std::string("\n\xFF\xFF")}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    sim.files.write(log_path, contents);
    EXPECT_EQ(daemon.ask(send_request), Status::ok);
    EXPECT_EQ(daemon.sink.records,
              std::vector<std::string>{"warning: bad queue id \"...\" in fast flush logfile example_com"});
    EXPECT_EQ(sim.files.read(log_path), "");
  }
}

TEST(SendSite, TouchesAMessageThatIsInIncomingAlready) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(incoming("A1"), "message");
  sim.files.set_times(incoming("A1"), 5, 6);
  sim.files.write(log_path, "A1\n");
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_EQ(sim.files.change_time(incoming("A1")), sim.clock.wall_time());
  EXPECT_EQ(sim.files.calls(FileCall::rename), 0U);
  EXPECT_EQ(sim.files.read(log_path), "");
}

TEST(SendSite, LooksAtNeitherModeNorTypeNorLinks) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1", "A2", "A3", "A4"});
  sim.files.chmod(deferred("A1"), 0400);
  sim.files.make_hard_link(deferred("A2"), "elsewhere");
  sim.files.remove(deferred("A3"));
  sim.files.make_symlink("../../elsewhere", deferred("A3"));
  sim.files.remove(deferred("A4"));
  sim.files.make_directories(deferred("A4"));
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_THAT(sim.files.names("incoming"), ElementsAre("A1", "A2", "A3", "A4"));
  EXPECT_EQ(sim.files.mode(incoming("A1")), 0400U);
}

TEST(SendSite, OverwritesAMessageOfTheSameNameInIncoming) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1"});
  sim.files.write(incoming("A1"), "old");
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_EQ(sim.files.read(incoming("A1")), "message");
}

TEST(SendSite, SaysNothingAboutAMessageThatVanishesBetweenTheSteps) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1", "B2"});
  sim.files.before_call = [&](FileCall call, const std::string& path) {
    if (call == FileCall::rename && path == deferred("A1") && sim.files.exists(path)) sim.files.remove(path);
  };
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_THAT(sim.files.names("incoming"), ElementsAre("B2"));
  EXPECT_THAT(daemon.sink.records, IsEmpty());
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
}

TEST(SendSite, WarnsWhenARenameFailsAndGoesOnAndFailsInTheEnd) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1", "B2"});
  sim.files.fail(FileCall::rename, deferred("A1"), EACCES, 2);
  EXPECT_EQ(daemon.ask(send_request), Status::fail);
  EXPECT_THAT(sim.files.names("incoming"), ElementsAre("B2"));
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: deferred/A/A1: rename from deferred to incoming: Permission denied"));
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
}

TEST(SendSite, WarnsWhenTimeStampsCannotBeSetAndLooksInIncoming) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1"});
  sim.files.fail(FileCall::set_times, deferred("A1"), EPERM);
  EXPECT_EQ(daemon.ask(send_request), Status::fail);
  EXPECT_THAT(
      daemon.sink.records,
      ElementsAre("warning: flush_one_file: update deferred/A/A1 time stamps: Operation not permitted"));
  EXPECT_TRUE(sim.files.exists(deferred("A1")));
}

// A message that was only passed over for want of a descriptor must stay in the log.
TEST(SendSite, FailsAndKeepsTheLogWhenDescriptorsRunOut) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1", "B2"});
  sim.files.fail(FileCall::open, "deferred/B/", EMFILE);
  EXPECT_EQ(daemon.ask(send_request), Status::fail);
  EXPECT_EQ(sim.files.read(log_path), "A1\nB2\n");
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_TRUE(sim.files.exists(incoming("B2")));
  EXPECT_EQ(sim.files.read(log_path), "");
}

TEST(SendSite, MakesMissingHashDirectoriesOfIncoming) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::hashing("deferred incoming", 1)};
  defer(sim, {"A1"});
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_TRUE(sim.files.exists("incoming/A/A1"));
  EXPECT_EQ(sim.files.mode("incoming/A"), 0700U);
}

TEST(SendSite, NoticesThatADirectoryItHasOpenWasReplaced) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::hashing("deferred incoming", 1)};
  defer(sim, {"A1", "A2"});
  bool replaced = false;
  sim.files.before_call = [&](FileCall call, const std::string& path) {
    if (call != FileCall::rename || path != deferred("A2") || replaced) return;
    replaced = true;
    sim.files.remove(deferred("A2"));
    sim.files.move("deferred/A", "old");
    sim.files.write(deferred("A2"), "message");
  };
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_TRUE(sim.files.exists("incoming/A/A2"));
}

TEST(SendSite, GoesThroughAnyNumberOfHashDirectories) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::hashing("deferred incoming", 2)};
  // One message is in incoming, and its directory of deferred does not exist.
  sim.files.write("incoming/A/0/A01", "message");
  std::string log = "A01\n";
  std::vector<std::string> paths;
  for (char first = 'A'; first <= 'J'; ++first) {
    for (char second = 'A'; second <= 'J'; ++second) {
      const std::string id{first, second, '1'};
      const std::string path = std::string(1, first) + "/" + second + "/" + id;
      sim.files.write(std::string("deferred/").append(path), "message");
      sim.files.write(std::string("incoming/").append(path), "old");
      paths.push_back(std::string("incoming/").append(path));
      log.append(id).push_back('\n');
    }
  }
  sim.files.write(log_path, log);
  std::size_t failed_renames = 0;
  sim.files.before_call = [&](FileCall call, const std::string& path) {
    if (call == FileCall::rename && !path.starts_with("deferred/")) ++failed_renames;
  };
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  for (const std::string& path : paths) EXPECT_EQ(sim.files.read(path), "message") << path;
  EXPECT_EQ(failed_renames, 0U);
  EXPECT_EQ(sim.files.calls(FileCall::rename), 100U);
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(SendSite, AsksForAScanEarlyInALongSend) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, many_ids(700));
  std::size_t moved_at_first_scan = 0;
  sim.qmgr.on_trigger = [&](char wish) {
    if (wish == 'I' && moved_at_first_scan == 0) moved_at_first_scan = sim.files.names("incoming").size();
  };
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_EQ(sim.qmgr.triggers(), "FII");
  EXPECT_GT(moved_at_first_scan, 0U);
  EXPECT_LT(moved_at_first_scan, 700U);
  EXPECT_EQ(sim.files.names("incoming").size(), 700U);
}

TEST(SendSite, FailsWhenTheLogCannotBeOpened) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1"});
  sim.files.fail(FileCall::open, log_path, EACCES);
  EXPECT_EQ(daemon.ask(send_request), Status::fail);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("fatal: flush_send_path: open fast flush logfile example_com: Permission denied"));
  EXPECT_EQ(sim.qmgr.triggers(), "");
}

TEST(SendSite, FailsWhenTheLogCannotBeReadAndLeavesItAlone) {
  for (const FileCall call : {FileCall::lock, FileCall::stat, FileCall::read}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    defer(sim, {"A1"});
    sim.files.fail(call, log_path, EIO);
    EXPECT_EQ(daemon.ask(send_request), Status::fail);
    const std::string step = call == FileCall::stat ? "open" : "read";
    EXPECT_THAT(daemon.sink.records, ElementsAre("fatal: flush_send_path: " + step +
                                                 " fast flush logfile example_com: Input/output error"));
    EXPECT_EQ(sim.files.read(log_path), "A1\n");
    EXPECT_TRUE(sim.files.exists(deferred("A1")));
    EXPECT_FALSE(sim.files.is_locked(log_path));
  }
}

TEST(SendSite, FailsWhenTheLogCannotBeEmptiedButAsksForTheScan) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1"});
  sim.files.fail(FileCall::truncate, log_path, EIO);
  EXPECT_EQ(daemon.ask(send_request), Status::fail);
  EXPECT_THAT(
      daemon.sink.records,
      ElementsAre("fatal: flush_send_path: truncate fast flush logfile example_com: Input/output error"));
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
}

}  // namespace
}  // namespace uflush
