// send_file: one message, with the checks that send_site does not make.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* deferred = "deferred/A/A1";
constexpr const char* incoming = "incoming/A1";
const SendFileRequest request{"A1"};

/// A deferred message with old time stamps.
void defer(Sim& sim, mode_t mode = 0700) {
  sim.files.write(deferred, "message");
  sim.files.chmod(deferred, mode);
  sim.files.set_times(deferred, 5, 6);
}

TEST(SendFile, MovesTheMessageWithTheUnthrottleMark) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, 0710);
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_FALSE(sim.files.exists(deferred));
  EXPECT_EQ(sim.files.mode(incoming), 0750U);  // keeps the mark of postsuper -e
  EXPECT_EQ(sim.files.change_time(incoming), sim.clock.wall_time());
  EXPECT_EQ(sim.qmgr.triggers(), "I");
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(SendFile, MarksAMessageThatIsInIncomingAlready) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(incoming, "message");
  sim.files.chmod(incoming, 0700);
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_EQ(sim.files.mode(incoming), 0740U);
  EXPECT_EQ(sim.qmgr.triggers(), "I");
}

TEST(SendFile, IsNotTiedToTheListOfSites) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.fast_flush_domains = "";
  DaemonInSim daemon{sim, config};
  defer(sim);
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_TRUE(sim.files.exists(incoming));
}

TEST(SendFile, SaysOkToAMissingMessageAndWakesNobody) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_EQ(daemon.ask(SendFileRequest{std::string(255, 'A')}), Status::ok);
  EXPECT_EQ(sim.qmgr.triggers(), "");
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(SendFile, RefusesBadQueueIds) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  for (const std::string& id :
       {std::string("a/b"), std::string(), std::string("\xc3\xa4"), std::string(256, 'A')})
    EXPECT_EQ(daemon.ask(SendFileRequest{id}), Status::bad) << id;
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

/// The message is touched, stays where it is, and the client is told OK.
void expect_touched_only(Sim& sim, DaemonInSim& daemon) {
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_TRUE(sim.files.exists(deferred));
  EXPECT_FALSE(sim.files.exists(incoming));
  EXPECT_EQ(sim.files.change_time(deferred), sim.clock.wall_time());
  EXPECT_EQ(sim.qmgr.triggers(), "");
}

TEST(SendFile, OnlyTouchesAMessageThatIsNotReady) {
  for (const mode_t mode : {0600U, 0400U, 0300U, 0500U}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    defer(sim, mode);
    expect_touched_only(sim, daemon);
    EXPECT_EQ(sim.files.mode(deferred), mode);
    EXPECT_THAT(daemon.sink.records, IsEmpty());
  }
}

TEST(SendFile, OnlyTouchesAMessageWithTwoNames) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim);
  sim.files.make_hard_link(deferred, "elsewhere");
  expect_touched_only(sim, daemon);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: flush_one_file: open deferred/A/A1: file has 2 hard links"));
}

TEST(SendFile, OnlyTouchesAMessageBehindASymbolicLink) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write("elsewhere", "message");
  sim.files.chmod("elsewhere", 0700);
  sim.files.make_symlink("../../elsewhere", deferred);
  sim.disk.at(deferred, false)->owner = 1000;
  expect_touched_only(sim, daemon);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: flush_one_file: open deferred/A/A1: file is a symbolic link"));
}

TEST(SendFile, TrustsASymbolicLinkThatOnlyRootCanHaveMade) {
  for (const mode_t directory_mode : {0755U, 0775U}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    sim.files.write("elsewhere", "message");
    sim.files.chmod("elsewhere", 0700);
    sim.files.make_symlink("../../elsewhere", deferred);
    sim.files.chmod("deferred/A", directory_mode);
    EXPECT_EQ(daemon.ask(request), Status::ok);
    EXPECT_EQ(sim.files.exists(incoming), directory_mode == 0755U);
  }
}

TEST(SendFile, OnlyTouchesADirectory) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.make_directories(deferred);
  expect_touched_only(sim, daemon);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: flush_one_file: open deferred/A/A1: cannot open file: Is a directory"));
}

TEST(SendFile, FollowsAMessageThatTheQueueManagerMovesBetweenTheSteps) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim);
  sim.files.before_call = [&](FileCall call, const std::string& path) {
    if (call == FileCall::open && path == deferred && sim.files.exists(deferred))
      sim.files.move(deferred, incoming);
  };
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_EQ(sim.files.mode(incoming), 0740U);
  EXPECT_EQ(sim.qmgr.triggers(), "I");
}

TEST(SendFile, WarnsWhenTheMessageVanishesBetweenTheSteps) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim);
  sim.files.before_call = [&](FileCall call, const std::string& path) {
    if (call == FileCall::open && path == deferred && sim.files.exists(deferred)) sim.files.remove(deferred);
  };
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_EQ(sim.qmgr.triggers(), "");
  EXPECT_THAT(daemon.sink.records, ElementsAre("warning: flush_one_file: open incoming/A1: cannot open file: "
                                               "No such file or directory"));
}

TEST(SendFile, NoticesThatAnotherFileTookTheNameBetweenTheSteps) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim);
  int stats = 0;
  sim.files.before_call = [&](FileCall call, const std::string& path) {
    if (call != FileCall::stat || path != deferred || ++stats != 2) return;
    sim.files.remove(deferred);
    sim.files.write(deferred, "other");
  };
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: flush_one_file: open deferred/A/A1: file status changed unexpectedly"));
  EXPECT_FALSE(sim.files.exists(incoming));
}

TEST(SendFile, WarnsWhenTheFileCannotBeLookedAt) {
  for (const int call : {1, 2}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    defer(sim);
    int stats = 0;
    sim.files.before_call = [&](FileCall kind, const std::string& path) {
      if (kind == FileCall::stat && path == deferred && ++stats == call) sim.files.fail(kind, path, EIO);
    };
    EXPECT_EQ(daemon.ask(request), Status::ok);
    EXPECT_EQ(daemon.sink.records.size(), 1U);
    EXPECT_FALSE(sim.files.exists(incoming));
  }
}

TEST(SendFile, MovesTheMessageAlthoughItCannotBeMarked) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim);
  sim.files.fail(FileCall::set_mode, deferred, EPERM);
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_TRUE(sim.files.exists(incoming));
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: flush_one_file: fchmod deferred/A/A1: Operation not permitted"));
  EXPECT_EQ(sim.qmgr.triggers(), "I");
}

TEST(SendFile, CountsAFailedRenameAsSuccess) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim);
  sim.files.fail(FileCall::rename, deferred, EACCES, 2);
  EXPECT_EQ(daemon.ask(request), Status::ok);
  EXPECT_TRUE(sim.files.exists(deferred));
  EXPECT_EQ(sim.qmgr.triggers(), "I");
}

}  // namespace
}  // namespace uflush
