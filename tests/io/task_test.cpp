#include "io/task.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/scope.hpp"

namespace uflush {
namespace {

/// Suspends until somebody resumes it by hand.
struct Gate {
  std::coroutine_handle<> waiter;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { waiter = awaiting; }
  void await_resume() const noexcept {}
};

Task<int> note(std::string& calls, int value) {
  calls += std::to_string(value);
  co_return value;
}

TEST(Task, StartsOnlyWhenItIsAwaited) {
  std::string calls;
  Scope scope;
  const auto parent = [](std::string& log) -> Task<void> {
    Task<int> child = note(log, 1);
    log += "a";
    const int value = co_await std::move(child);
    log += "b";
    log += std::to_string(value);
  };
  scope.spawn(parent(calls));
  EXPECT_EQ(calls, "a1b1");
}

TEST(Task, NeverRunsWhenItIsDroppedBeforehand) {
  std::string calls;
  { const Task<int> dropped = note(calls, 1); }
  EXPECT_EQ(calls, "");
}

TEST(Task, HandsOverValuesThatCanOnlyMove) {
  Scope scope;
  int seen = 0;
  const auto make = [](int value) -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(value); };
  const auto parent = [](auto& maker, int& into) -> Task<void> {
    const std::unique_ptr<int> value = co_await maker(42);
    into = *value;
  };
  scope.spawn(parent(make, seen));
  EXPECT_EQ(seen, 42);
}

Task<int> depth_of(int depth, Gate& gate) {
  if (depth == 0) {
    co_await gate;
    co_return 0;
  }
  co_return 1 + co_await depth_of(depth - 1, gate);
}

TEST(Task, ChainsOfTasksResumeTheirWaitersInTurn) {
  Gate gate;
  Scope scope;
  int depth = 0;
  const auto parent = [](Gate& at, int& into) -> Task<void> { into = co_await depth_of(100, at); };
  scope.spawn(parent(gate, depth));
  EXPECT_EQ(depth, 0);
  gate.waiter.resume();
  EXPECT_EQ(depth, 100);
}

TEST(Scope, JoinsAtOnceWhenItIsEmpty) {
  Scope outer;
  bool joined = false;
  const auto parent = [](bool& done) -> Task<void> {
    Scope inner;
    co_await inner.join();
    done = true;
  };
  outer.spawn(parent(joined));
  EXPECT_TRUE(joined);
}

Task<void> wait_at(Gate& gate) {
  co_await gate;
}

TEST(Scope, JoinWaitsForEveryTaskEvenThoseSpawnedMeanwhile) {
  Gate first;
  Gate second;
  Scope inner;
  Scope outer;
  bool joined = false;
  const auto joiner = [](Scope& scope, bool& done) -> Task<void> {
    co_await scope.join();
    done = true;
  };
  inner.spawn(wait_at(first));
  outer.spawn(joiner(inner, joined));
  inner.spawn(wait_at(second));
  EXPECT_EQ(inner.size(), 2U);
  first.waiter.resume();
  EXPECT_FALSE(joined);
  second.waiter.resume();
  EXPECT_TRUE(joined);
  EXPECT_EQ(inner.size(), 0U);
}

TEST(Scope, FreesTheFrameOfATaskWhenItIsOver) {
  Gate gate;
  Scope scope;
  const auto held = std::make_shared<int>(1);
  const auto holder = [](std::shared_ptr<int> copy, Gate& at) -> Task<void> {
    co_await at;
    EXPECT_GT(copy.use_count(), 1);
  };
  scope.spawn(holder(held, gate));
  EXPECT_GT(held.use_count(), 1);
  gate.waiter.resume();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace uflush
