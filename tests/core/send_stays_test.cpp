// Messages that a send finds and cannot move: their lines stay, and the request fails.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/deferred_mail.hpp"
#include "tests/core/log_lines.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;

struct Obstacle {
  FileCall call;
  std::string path;
  int error;
};

TEST(SendSite, KeepsTheLineOfAMessageThatItCannotMoveForWhateverReason) {
  for (const int error : {EXDEV, ELOOP, EACCES, EPERM, EIO, ENOSPC, EMLINK, EROFS, EISDIR, EDQUOT}) {
    for (const Obstacle& obstacle : {Obstacle{FileCall::rename, deferred("A1"), error},
                                     Obstacle{FileCall::set_times, deferred("A1"), error},
                                     Obstacle{FileCall::open, "deferred/A/", error}}) {
      Sim sim{Seed{1}};
      DaemonInSim daemon{sim};
      defer(sim, {"A1", "B2", "C3"});
      const int tries = obstacle.call == FileCall::rename ? 2 : 1;
      sim.files.fail(obstacle.call, obstacle.path, error, tries);
      EXPECT_EQ(daemon.ask(send_request), Status::fail) << error;
      EXPECT_TRUE(sim.files.exists(deferred("A1")));
      EXPECT_THAT(sim.files.names("incoming"), ElementsAre("B2", "C3"));
      EXPECT_EQ(sim.files.read(log_path), "A1\n");
      EXPECT_EQ(sim.qmgr.triggers(), "FI");
      EXPECT_EQ(daemon.sink.records.size(), 1U);
      EXPECT_EQ(daemon.ask(send_request), Status::ok);
      EXPECT_TRUE(sim.files.exists(incoming("A1")));
      EXPECT_EQ(sim.files.read(log_path), "");
    }
  }
}

TEST(SendSite, KeepsTheLineWhenTheHashDirectoryOfIncomingIsALinkToNowhere) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::hashing("deferred incoming", 1)};
  defer(sim, {"A1"});
  sim.files.make_symlink("nowhere", "incoming/A");
  EXPECT_EQ(daemon.ask(send_request), Status::fail);
  EXPECT_TRUE(sim.files.exists(deferred("A1")));
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
}

TEST(SendSite, FollowsAHashDirectoryThatIsALinkWithinTheQueue) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.make_directories("elsewhere");
  sim.files.make_symlink("../elsewhere", "deferred/A");
  sim.files.write("elsewhere/A1", "message");
  sim.files.write(log_path, "A1\n");
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_TRUE(sim.files.exists(incoming("A1")));
  EXPECT_EQ(sim.files.read(log_path), "");
}

TEST(SendSite, KeepsNoLineWhereNoMessageCanBe) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write("deferred/A", "a file where a directory should be");
  sim.files.write(log_path, "A1\n");
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), "");
}

TEST(SendSite, KeepsTheLinesOfALongLogThatCouldNotBeMoved) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  const std::vector<std::string> ids = many_ids(3000);
  defer(sim, ids);
  for (const std::string& id : {ids[5], ids[2000], ids[2999]})
    sim.files.fail(FileCall::rename, deferred(id), EXDEV, 2);
  EXPECT_EQ(daemon.ask(send_request), Status::fail);
  EXPECT_EQ(sim.files.names("incoming").size(), 2997U);
  std::vector<std::string> left = without_fillers(sim.files.read(log_path));
  EXPECT_THAT(left, testing::UnorderedElementsAre(ids[5], ids[2000], ids[2999]));
}

TEST(Refresh, KeepsTheLinesOfMessagesThatItCannotMove) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, {"A1", "B2"});
  sim.files.set_times(log_path, 5, 5);
  sim.files.fail(FileCall::rename, deferred("B2"), EXDEV, 2);
  EXPECT_EQ(daemon.ask(PurgeRequest{}), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), "B2\n");
}

// ---- What is no regular file.

TEST(Fifo, InPlaceOfALogfileFailsAddsSendsAndRefreshesAtOnce) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.make_fifo(log_path);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::fail);
  EXPECT_EQ(daemon.ask(send_request), Status::fail);
  EXPECT_THAT(
      daemon.sink.records,
      ElementsAre("fatal: flush_add_path: open fast flush logfile example_com: No such device or address",
                  "fatal: flush_send_path: open fast flush logfile example_com: No such device or address"));
  EXPECT_EQ(sim.qmgr.triggers(), "");
  EXPECT_EQ(daemon.ask(AddRequest{"example.org", "A1"}), Status::ok);
}

// ---- What the loop's thread leaves to others.

TEST(LoopThread, OpensNoLogfileAndLooksAtNoneThatIsOnTheDisk) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  const auto loop = std::this_thread::get_id();
  std::size_t opened_here = 0;
  sim.files.before_call = [&](FileCall call, const std::string& path) {
    if (call == FileCall::open && path == log_path && std::this_thread::get_id() == loop) ++opened_here;
  };
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  sim.files.faults.not_cached = 1;
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "B2"}), Status::ok);
  EXPECT_EQ(daemon.ask(PurgeRequest{}), Status::ok);
  EXPECT_EQ(opened_here, 0U);
  EXPECT_TRUE(log_has(sim.files, log_path, "B2"));
}

}  // namespace
}  // namespace uflush
