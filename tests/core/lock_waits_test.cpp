// Locks that other processes hold: who needs one waits, and nobody else; and a process that has to end does.
#include <deque>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"
#include "tests/core/looked_at_log.hpp"
#include "tests/sim/other_flush.hpp"

namespace uflush {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;

/// More than any number of threads that would wait for locks.
constexpr std::size_t many = 100;

std::string site_of(std::size_t number) {
  return numbered("site", number);
}
std::string log_of(std::size_t number) {
  return numbered("flush/site", number);
}

/// A daemon, and `many` logs whose locks another process holds.
class LocksOfOthers : public testing::Test {
 public:
  void SetUp() override {
    for (std::size_t i = 0; i < many; ++i) {
      defer(sim, log_of(i), numbered("A", i), day, day);
      sim.files.lock_from_outside(log_of(i));
    }
  }
  void TearDown() override {
    if (!are_free) free_all();
  }
  void free_all() {
    are_free = true;
    for (std::size_t i = 0; i < many; ++i) sim.files.unlock_from_outside(log_of(i));
  }
  /// Adds that have to wait for each of them.
  void add_to_all() {
    for (std::size_t i = 0; i < many; ++i) waiting.emplace_back(sim, AddRequest{site_of(i), "B1"});
    sim.run_for(seconds(2));
    for (const Caller& caller : waiting) ASSERT_FALSE(caller.is_over());
  }

  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  std::deque<Caller> waiting;
  bool are_free = false;
};

TEST_F(LocksOfOthers, HoldUpNoAddAndNoSendOfAnotherSite) {
  add_to_all();
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "C1"}), Status::ok);
  EXPECT_EQ(daemon.ask(AddRequest{"new.example.com", "C1"}), Status::ok);
  EXPECT_EQ(daemon.ask(SendSiteRequest{"example.com"}), Status::ok);
  EXPECT_EQ(sim.files.read("flush/example_com"), "");
  free_all();
  ASSERT_TRUE(sim.run_until([&] { return are_over(waiting); }));
  for (std::size_t i = 0; i < many; ++i) {
    EXPECT_EQ(waiting[i].answer(), Status::ok);
    EXPECT_TRUE(log_has(sim.files, log_of(i), "B1"));
  }
}

TEST_F(LocksOfOthers, HoldUpNoSendOfAnotherSite) {
  for (std::size_t i = 0; i < many; ++i) waiting.emplace_back(sim, SendSiteRequest{site_of(i)});
  sim.run_for(seconds(2));
  defer(sim, "flush/example_com", "C1", day, day);
  EXPECT_EQ(daemon.ask(SendSiteRequest{"example.com"}), Status::ok);
  EXPECT_TRUE(was_sent(sim, "C1"));
  free_all();
  ASSERT_TRUE(sim.run_until([&] { return are_over(waiting); }));
  for (std::size_t i = 0; i < many; ++i) {
    EXPECT_EQ(waiting[i].answer(), Status::ok);
    EXPECT_TRUE(was_sent(sim, numbered("A", i)));
  }
}

TEST_F(LocksOfOthers, HoldUpNothingElseInARefresh) {
  constexpr std::size_t others = 100;
  for (std::size_t i = many; i < many + others; ++i) defer(sim, log_of(i), numbered("A", i), day, day);
  Caller refresh(sim, RefreshRequest{});
  sim.run_for(seconds(1));
  for (std::size_t i = many; i < many + others; ++i) EXPECT_TRUE(was_sent(sim, numbered("A", i))) << i;
  EXPECT_FALSE(refresh.is_over());
  defer(sim, "flush/example_com", "C1", day, day);
  Caller another(sim, RefreshRequest{});
  sim.run_for(seconds(1));
  EXPECT_TRUE(was_sent(sim, "C1"));
  free_all();
  ASSERT_TRUE(sim.run_until([&] { return refresh.is_over() && another.is_over(); }));
  for (std::size_t i = 0; i < many; ++i) EXPECT_TRUE(was_sent(sim, numbered("A", i))) << i;
}

TEST_F(LocksOfOthers, AreNotedSoonWhenTheyComeFree) {
  add_to_all();
  free_all();
  const Instant began = sim.clock.now();
  ASSERT_TRUE(sim.run_until([&] { return are_over(waiting); }));
  EXPECT_LE(sim.clock.now() - began, milliseconds(20));
}

TEST_F(LocksOfOthers, DoNotKeepADrainingProcessForEver) {
  add_to_all();
  Caller send(sim, SendSiteRequest{site_of(0)});
  sim.settle();
  daemon.server.drain("test");
  sim.run_for(seconds(59));
  EXPECT_FALSE(daemon.is_over());
  sim.run_for(seconds(2));
  EXPECT_TRUE(daemon.is_over());
  ASSERT_TRUE(are_over(waiting));
  for (const Caller& caller : waiting) EXPECT_EQ(caller.answer(), Status::fail);
  EXPECT_EQ(send.answer(), Status::fail);
  for (std::size_t i = 0; i < many; ++i) EXPECT_FALSE(log_has(sim.files, log_of(i), "B1"));
  EXPECT_THAT(daemon.sink.records, Contains("fatal: flush_add_path: lock fast flush logfile site7: "
                                            "Resource temporarily unavailable"));
}

TEST_F(LocksOfOthers, DoNotKeepAProcessThatMustLeave) {
  add_to_all();
  daemon.server.leave("test");
  sim.run_for(seconds(3));
  EXPECT_TRUE(daemon.is_over());
  for (const Caller& caller : waiting) EXPECT_EQ(caller.answer(), Status::fail);
}

/// The lock of a log whose adds follow each other is kept, by the loop, on which all jobs run as well.
TEST(WithoutThreads, ASendOfALogWhoseLockIsKeptComesToItsEnd) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.pool.has_threads = false;
  std::size_t added = 0;
  const auto add = [&] {
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", numbered("A", ++added)}), Status::ok);
    sim.run_for(milliseconds(6));
  };
  for (int round = 0; round < 10; ++round) {
    do add();
    while (!sim.files.is_locked("flush/example_com"));
    Caller send(sim, SendSiteRequest{"example.com"});
    Caller one(sim, AddRequest{"example.com", numbered("A", ++added)});
    ASSERT_TRUE(sim.run_until([&] { return send.is_over() && one.is_over(); }));
    EXPECT_EQ(send.answer(), Status::ok);
    EXPECT_EQ(one.answer(), Status::ok);
  }
}

/// Sends of long logs, whose locks are taken twice, among adds that follow each other without a pause.
TEST(SendSite, GetsItsLockHoweverManyAddsThereAre) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    sim.pool.has_threads = seed % 3 != 0;
    std::string lines;
    while (lines.size() < 3000) lines += "A1\n";
    sim.files.write("flush/example_com", lines);
    Caller send(sim, SendSiteRequest{"example.com"});
    std::deque<Caller> adds;
    const Instant began = sim.clock.now();
    const auto keep_adding = [&] {
      if (adds.empty() || adds.back().is_over()) {
        sim.clock.advance(std::chrono::microseconds(50));  // what an add takes
        adds.emplace_back(sim, AddRequest{"example.com", "B1"});
      }
      return send.is_over();
    };
    ASSERT_TRUE(sim.run_until(keep_adding)) << seed;
    EXPECT_EQ(send.answer(), Status::ok);
    EXPECT_LE(sim.clock.now() - began, seconds(2)) << seed;
    ASSERT_TRUE(sim.run_until([&] { return are_over(adds); }));
    for (const Caller& add : adds) EXPECT_EQ(add.answer(), Status::ok);
  }
}

}  // namespace
}  // namespace uflush
