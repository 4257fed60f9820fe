// Locks that are kept from one append to the next, and yet no line is lost to others, and nobody waits for
// long.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/handled_lines.hpp"
#include "tests/core/daemon_in_sim.hpp"
#include "tests/core/watched_log.hpp"
#include "tests/sim/other_flush.hpp"

namespace uflush {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

/// A daemon that keeps the lock of the site's log.
class KeptLocksTest : public testing::Test {
 public:
  void SetUp() override {
    add("A1");
    add_until_kept({"A2", "A3"});
  }
  /// After the moment in which a lock is left to others.
  void add_until_kept(const std::vector<std::string>& queue_ids) {
    sim.run_for(KeptLocks::for_others);
    for (const std::string& id : queue_ids) add(id);
    ASSERT_TRUE(is_kept());
  }
  void add(std::string_view queue_id) {
    EXPECT_EQ(daemon.ask(AddRequest{site, std::string(queue_id)}), Status::ok);
  }
  bool is_kept() const { return sim.files.is_locked(log_path); }
  std::size_t locks() const { return sim.files.calls(FileCall::lock); }
  std::string log() const { return sim.files.read(log_path); }
  void before_next_write(std::function<void()> action) { uflush::before_next_write(sim, std::move(action)); }
  /// It comes about before any time passes.
  void expect_at_once(const std::function<bool()>& goal) {
    const Instant began = sim.clock.now();
    ASSERT_TRUE(sim.run_until(goal));
    EXPECT_EQ(sim.clock.now(), began);
  }
  /// Another process opens the log.
  static File open_as(SimFiles& theirs) {
    auto opened = theirs.FileSystem::open(current_directory, log_path, FileSystem::Open::read_write);
    EXPECT_TRUE(opened);
    return std::move(opened).value();
  }

  /// What another process of our kind does that finds the lock taken (core/lock_waits.hpp): it opens the file
  /// before it tries again.
  static void wait_for_lock(SimFiles& theirs, FileHandle file) {
    open_as(theirs);
    FLUSH_ASSERT(theirs.lock(file, FileSystem::Lock::wait).has_value());
  }
  /// Lets the other process come to its end; how long it took.
  Duration time_of_other() {
    const Instant began = sim.clock.now();
    EXPECT_TRUE(sim.run_until([&] { return !other.is_busy(); }));
    return sim.clock.now() - began;
  }

  Sim sim{Seed{1}};
  OtherFlush other{sim};
  DaemonInSim daemon{sim};
};

TEST_F(KeptLocksTest, SpareTakingThemAndLooking) {
  const std::size_t before = locks();
  const std::size_t looks = sim.files.calls(FileCall::stat);
  add("A4");
  add("A5");
  EXPECT_EQ(locks(), before);
  EXPECT_EQ(sim.files.calls(FileCall::stat), looks);
  EXPECT_EQ(log(), "A1\nA2\nA3\nA4\nA5\n");
}

TEST_F(KeptLocksTest, AreReleasedWhenNothingIsAddedForAMoment) {
  sim.run_for(milliseconds(250));
  add("A4");
  sim.run_for(milliseconds(250));
  EXPECT_TRUE(is_kept());
  sim.run_for(seconds(1));
  EXPECT_FALSE(is_kept());
}

TEST(KeptLock, IsNotWorthItWhereAddsAreRare) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(daemon.ask(AddRequest{site, numbered("A", i)}), Status::ok);
    EXPECT_FALSE(sim.files.is_locked(log_path));
    sim.run_for(KeptLocks::unused_max + milliseconds(1));
  }
}

TEST(KeptLock, GoesSoonHoweverManyThereAre) {
  constexpr std::size_t many = 2000;
  Sim sim{Seed{1}};
  MemorySink sink;
  Log log(sink);
  const QueueLayout layout("deferred", 1);
  SimNameWatch watch(sim.disk, sim.dice);
  SiteLogs logs(sim.loop, sim.pool, sim.files, layout, Durability::none,
                {.open_max = many, .shared_max = many, .watch = &watch}, log);
  std::vector<SiteLogPtr> sites;
  for (std::size_t i = 0; i < many; ++i) sites.push_back(logs.find(numbered("site", i)));
  const auto add_to_all = [&]() -> Task<void> {
    for (const SiteLogPtr& one : sites) EXPECT_TRUE(co_await logs.append(*one, "A1"));
  };
  const auto kept = [&] {
    return std::count_if(sites.begin(), sites.end(),
                         [&](const auto& one) { return sim.files.is_locked(one->file.path()); });
  };
  for (int time = 0; time < 4; ++time) {
    sim.start(add_to_all());
    sim.settle();
    sim.run_for(KeptLocks::for_others);
  }
  EXPECT_EQ(kept(), many);
  sim.run_for(2 * KeptLocks::unused_max + milliseconds(50));
  EXPECT_EQ(kept(), 0);
  sim.start(logs.close());
  sim.finish();
}

TEST_F(KeptLocksTest, AreReleasedForAMomentAfterASecond) {
  bool was_free = false;
  for (std::size_t i = 0; i < 20; ++i) {
    add(numbered("B", i));
    sim.run_for(milliseconds(100));
    was_free = was_free || !is_kept();
  }
  EXPECT_TRUE(was_free);
}

TEST_F(KeptLocksTest, GoAtOnceToWhoOpensTheFile) {
  other.send(log_path);
  EXPECT_EQ(time_of_other(), Duration::zero());
  EXPECT_THAT(other.handled(), ElementsAre("A1", "A2", "A3"));
  EXPECT_FALSE(is_kept());
  const std::size_t before = locks();
  for (const char* id : {"B1", "B2", "B3"}) add(id);
  EXPECT_EQ(locks(), before + 3);  // others go first for a moment
  EXPECT_EQ(log(), "B1\nB2\nB3\n");
  add_until_kept({"B4"});
}

TEST_F(KeptLocksTest, AreLeftToWhoOpensTheFileInALongTurn) {
  File theirs;
  before_next_write([&] {
    sim.clock.advance(10 * KeptLocks::for_others);  // with others' lines
    theirs = open_as(sim.files);
  });
  add("A4");
  EXPECT_FALSE(is_kept());
  add("A5");
  EXPECT_FALSE(is_kept());
}

TEST_F(KeptLocksTest, GoToWhoHadTheFileOpenBeforeAfterASecond) {
  const File early = open_as(sim.files);
  add_until_kept({"B1", "B2"});
  bool has_it = false;
  sim.threads.start([&] { has_it = sim.files.lock(early.handle(), FileSystem::Lock::wait).has_value(); });
  std::size_t added = 0;
  for (; !has_it && added < 100; ++added) {
    Caller(sim, AddRequest{site, numbered("C", added)});
    sim.run_for(milliseconds(50));
  }
  EXPECT_TRUE(has_it);
  EXPECT_LE(added, 40U);  // two seconds
  ASSERT_TRUE(sim.files.unlock(early.handle()));
  sim.settle();
}

TEST_F(KeptLocksTest, GoAtOnceToAnotherOfOurKindThatHadTheFileOpenBefore) {
  SimFiles other_files(sim.disk, sim.threads, sim.dice);
  AppendFile theirs(other_files, "example_com", log_path);
  other.send(log_path);
  EXPECT_EQ(time_of_other(), Duration::zero());
  ASSERT_EQ(theirs.append("X1\n", AppendFile::Patience::disk).kind, AppendOutcome::Kind::written);
  add_until_kept({"B1", "B2"});
  EXPECT_EQ(theirs.append("X2\n", AppendFile::Patience::disk).kind, AppendOutcome::Kind::locked);
  bool landed = false;
  sim.threads.start([&] {
    wait_for_lock(other_files, theirs.handle());
    landed = theirs.append("X2\n", AppendFile::Patience::disk).landed_bytes == 3;
  });
  expect_at_once([&] { return landed; });
  EXPECT_TRUE(log_has(sim.files, log_path, "X2"));
  sim.settle();
}

TEST_F(KeptLocksTest, AreNoObstacleToTheEndOfASendDuringWhichMuchIsAdded) {
  SimFiles other_files(sim.disk, sim.threads, sim.dice);
  const File sent = open_as(other_files);
  const FileHandle file = sent.handle();
  sim.settle();
  const HandledPart handled = find_lines(other_files, file, 1, 1, 1024).value().part;
  add_until_kept({"B1", "B2"});
  bool dropped = false;
  sim.threads.start([&] {
    wait_for_lock(other_files, file);
    dropped = drop_handled_lines(other_files, file, handled, "", 1, Durability::none).has_value();
  });
  expect_at_once([&] { return dropped; });
  EXPECT_EQ(sim.files.change_time(log_path), 1);  // it came to its end; the new lines do not fit, and stay
  EXPECT_TRUE(log_has(sim.files, log_path, "B2"));
  sim.settle();
}

TEST_F(KeptLocksTest, GoAllWhenNewsWereLost) {
  daemon.name_watch.loss = 1;
  other.send(log_path);
  EXPECT_EQ(time_of_other(), Duration::zero());
}

TEST_F(KeptLocksTest, AreNoObstacleToOurOwnSends) {
  EXPECT_EQ(daemon.ask(SendSiteRequest{site}), Status::ok);
  EXPECT_EQ(log(), "");
  add("A4");
  EXPECT_EQ(log(), "A4\n");
}

TEST_F(KeptLocksTest, AreNoObstacleToASendThatHasOpenedTheFileBefore) {
  SimFiles other_files(sim.disk, sim.threads, sim.dice);
  const File sent = open_as(other_files);
  add_until_kept({"B1", "B2"});
  bool has_read = false;
  sim.threads.start([&] {
    wait_for_lock(other_files, sent.handle());
    has_read = find_lines(other_files, sent.handle(), 1, 1, 0).has_value();
  });
  expect_at_once([&] { return has_read; });
  sim.settle();
}

TEST_F(KeptLocksTest, AreNoObstacleToOurOwnSendByAnotherNameOfTheFile) {
  sim.files.make_hard_link(log_path, "flush/example_org");
  const Instant began = sim.clock.now();
  EXPECT_EQ(daemon.ask(SendSiteRequest{"example.org"}), Status::ok);
  EXPECT_LE(sim.clock.now() - began, seconds(2));
  EXPECT_EQ(log(), "");
}

TEST_F(KeptLocksTest, AreNoObstacleToOurOwnRefresh) {
  sim.run_for(std::chrono::hours(24));
  daemon.request(PurgeRequest{});
  EXPECT_EQ(log(), "");
}

TEST_F(KeptLocksTest, AreReleasedWhenTheFileIsClosed) {
  for (int time = 0; time < 3; ++time) {
    sim.run_for(microseconds(1));
    for (std::size_t i = 0; i <= daemon.spool.open_logs.open_max; ++i)
      EXPECT_EQ(daemon.ask(AddRequest{numbered("site", i) + ".example", "A1"}), Status::ok);
  }
  EXPECT_FALSE(is_kept());
  add("A4");
  EXPECT_EQ(log(), "A1\nA2\nA3\nA4\n");
}

TEST_F(KeptLocksTest, AreEachReleasedByItself) {
  EXPECT_EQ(daemon.ask(AddRequest{"example.org", "B1"}), Status::ok);
  sim.run_for(KeptLocks::for_others);
  EXPECT_EQ(daemon.ask(AddRequest{"example.org", "B2"}), Status::ok);
  EXPECT_TRUE(sim.files.is_locked("flush/example_org"));
  for (std::size_t i = 0; i < 8; ++i) {
    add(numbered("C", i));
    sim.run_for(milliseconds(100));
  }
  EXPECT_FALSE(sim.files.is_locked("flush/example_org"));
  EXPECT_TRUE(is_kept());
}

TEST_F(KeptLocksTest, LetNoLineGoToAFileThatWasRemoved) {
  sim.files.remove(log_path);
  add("A4");
  EXPECT_EQ(log(), "A4\n");
  before_next_write([&] { sim.files.remove(log_path); });
  add("A5");
  EXPECT_EQ(log(), "A5\n");
}

TEST_F(KeptLocksTest, LetNoLineGoToAFileThatWasMovedAway) {
  before_next_write([&] { sim.files.move(log_path, "flush/elsewhere"); });
  add("A4");
  EXPECT_EQ(log(), "A4\n");
}

TEST_F(KeptLocksTest, AreReleasedWhenTheFileGetsAnotherName) {
  sim.files.move(log_path, "flush/elsewhere");
  sim.settle();
  EXPECT_FALSE(sim.files.is_locked("flush/elsewhere"));
}

TEST_F(KeptLocksTest, LetNoLineGoToAFileWhoseNameAnotherOneHasGot) {
  sim.files.write("flush/another", "X1\n");
  before_next_write([&] { sim.files.move("flush/another", log_path); });
  add("A4");
  EXPECT_EQ(log(), "X1\nA4\n");
}

TEST_F(KeptLocksTest, LetNoLineGoToADirectoryThatWasMovedAway) {
  before_next_write([&] {
    sim.files.move("flush", "flush.old");
    sim.files.make_directories("flush");
  });
  add("A4");
  EXPECT_EQ(log(), "A4\n");
  add_until_kept({"A5"});
  before_next_write([&] { sim.files.remove(log_path); });  // in the new directory
  add("A6");
  EXPECT_EQ(log(), "A6\n");
}

TEST_F(KeptLocksTest, WriteALineOnceThoughThereAreNewsOfItsName) {
  daemon.name_watch.loss = 1;
  sim.files.write("flush/another", "");
  before_next_write([&] { sim.files.remove("flush/another"); });
  add("A4");
  EXPECT_EQ(log(), "A1\nA2\nA3\nA4\n");
}

TEST_F(KeptLocksTest, TakeAHalfLineAwayThatAFullDiskLeaves) {
  sim.files.shorten_write(log_path, 2);
  EXPECT_EQ(daemon.ask(AddRequest{site, "A4"}), Status::fail);
  EXPECT_EQ(log(), "A1\nA2\nA3\n");
  add("A5");
  EXPECT_EQ(log(), "A1\nA2\nA3\nA5\n");
}

TEST_F(KeptLocksTest, KeepTheNextLineApartFromAHalfLineOfUnknownSize) {
  sim.files.shorten_write(log_path, 2);
  sim.files.fail(FileCall::stat, log_path, EIO);
  EXPECT_EQ(daemon.ask(AddRequest{site, "A4"}), Status::fail);
  add("A5");
  EXPECT_EQ(log(), "A1\nA2\nA3\nA4\nA5\n");
}

TEST(KeptLock, IsKeptInHashedDirectoriesAsWell) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::hashing("flush", 2)};
  constexpr const char* path = "flush/e/x/example_com";
  for (const char* id : {"A1", "A2", "A3"}) {
    EXPECT_EQ(daemon.ask(AddRequest{site, id}), Status::ok);
    sim.run_for(KeptLocks::for_others);
  }
  ASSERT_TRUE(sim.files.is_locked(path));
  OtherFlush other(sim);
  other.send(path);
  const Instant began = sim.clock.now();
  ASSERT_TRUE(sim.run_until([&] { return !other.is_busy(); }));
  EXPECT_EQ(sim.clock.now(), began);
  sim.files.move("flush/e", "flush/f");
  EXPECT_EQ(daemon.ask(AddRequest{site, "A4"}), Status::ok);
  EXPECT_EQ(sim.files.read(path), "A4\n");
}

TEST(KeptLock, LosesNothingToOthersWhateverTheyDo) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    OtherFlush other(sim);
    DaemonInSim daemon{sim};
    daemon.name_watch.loss = sim.dice.draw_probability(0.3);
    std::vector<std::string> ids;
    for (int round = 0; round < 20; ++round) {
      std::vector<std::unique_ptr<Caller>> callers;
      for (std::size_t i = sim.dice.below(4); i > 0; --i) {
        ids.push_back(numbered("A", ids.size()));
        callers.push_back(std::make_unique<Caller>(sim, AddRequest{site, ids.back()}));
      }
      if (sim.dice.chance(0.3)) other.send(log_path);
      if (sim.dice.chance(0.2)) other.add(log_path, "X1");
      if (sim.dice.chance(0.2)) sim.run_for(milliseconds(250));
      if (sim.dice.chance(0.5)) sim.run_for(KeptLocks::for_others);
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
