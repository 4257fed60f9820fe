// Names that are watched instead of looked up.
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"
#include "tests/core/watched_log.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;

/// How often an add looks where a name leads.
class Names : public testing::Test {
 protected:
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
  EXPECT_GT(looks_of_add(daemon, "A1"), 0U);
  EXPECT_EQ(looks_of_add(daemon, "A2"), 0U);
  sim.files.remove(log_path);
  EXPECT_GT(looks_of_add(daemon, "A3"), 0U);
  EXPECT_EQ(log(), "A3\n");
  EXPECT_EQ(looks_of_add(daemon, "A4"), 0U);
}

TEST_F(Names, AreLookedAtByTheWorkerThatOpensTheFileAndNotAgain) {
  DaemonInSim daemon{sim};
  EXPECT_EQ(daemon.ask(AddRequest{"example.org", "A1"}), Status::ok);  // makes the directory
  EXPECT_EQ(looks_of_add(daemon, "A1"), 3U);  // what kind of file it is, how it ends, where its name leads
  EXPECT_EQ(looks_of_add(daemon, "A2"), 0U);
}

TEST_F(Names, MayChangeBeforeTheFirstLineIsWritten) {
  DaemonInSim daemon{sim};
  EXPECT_EQ(daemon.ask(AddRequest{"example.org", "A1"}), Status::ok);
  before_next_write(sim, [this] { sim.files.remove(log_path); });
  EXPECT_EQ(daemon.ask(AddRequest{site, "A1"}), Status::ok);
  EXPECT_EQ(log(), "A1\n");
}

TEST_F(Names, AreLookedAtAgainWhenALookHasFailed) {
  DaemonInSim daemon{sim};
  for (const char* id : {"A1", "A2"}) looks_of_add(daemon, id);
  sim.files.move("flush", "flush.old");
  sim.files.make_directories("flush");
  sim.run_for(seconds(2));
  sim.files.fail(FileCall::lock, log_path, ENOLCK);
  EXPECT_EQ(daemon.ask(AddRequest{site, "A3"}), Status::fail);
  EXPECT_EQ(daemon.ask(AddRequest{site, "A4"}), Status::ok);
  EXPECT_EQ(log(), "A4\n");
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
  daemon.name_watch.error = ENOSPC;
  for (const char* id : {"A1", "A2", "A3"}) EXPECT_GT(looks_of_add(daemon, id), 0U);
  EXPECT_FALSE(sim.files.is_locked(log_path));
}

TEST_F(Names, AreLookedAtOnceASecond) {
  DaemonInSim daemon{sim};
  for (const char* id : {"A1", "A2"}) looks_of_add(daemon, id);
  sim.run_for(seconds(1));
  EXPECT_GT(looks_of_add(daemon, "A3"), 0U);
  EXPECT_EQ(looks_of_add(daemon, "A4"), 0U);
}

}  // namespace
}  // namespace uflush
