#include "io/loop.hpp"

#include <string>

#include <gtest/gtest.h>

#include "io/operation.hpp"
#include "tests/io/backends.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;

/// Resumes within the same turn, after those that are ready already.
struct Yield {
  Loop& loop;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const { loop.make_ready(waiter); }
  void await_resume() const noexcept {}
};

/// Writes down when the turn ends, and wakes whoever waits for it.
struct Batch final : TurnEnd {
  Batch(Loop& in, std::string& log) : loop(in), calls(log) {}
  void on_turn_end() override {
    calls += '|';
    if (waiter) loop.make_ready(std::exchange(waiter, nullptr));
  }
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiter = awaiting;
    loop.at_turn_end(*this);
  }
  void await_resume() const noexcept {}
  Loop& loop;
  std::string& calls;
  std::coroutine_handle<> waiter;
};

class LoopTest : public BackendTest<SimBackend> {
 protected:
  void run(Task<void> task) { loop_->run(std::move(task)); }
};

Task<void> letters(Loop& loop, std::string& calls, char letter) {
  for (int i = 0; i < 3; ++i) {
    calls += letter;
    co_await Yield{loop};
  }
}

TEST_F(LoopTest, ResumesReadyCoroutinesInTheOrderInWhichTheyBecameReady) {
  std::string calls;
  const auto parent = [](Loop& in, std::string& log) -> Task<void> {
    Scope scope;
    scope.spawn(letters(in, log, 'a'));
    scope.spawn(letters(in, log, 'b'));
    co_await scope.join();
  };
  run(parent(*loop_, calls));
  EXPECT_EQ(calls, "ababab");
}

TEST_F(LoopTest, CallsTheEndOfTheTurnOnceAfterEverythingReadyHasRun) {
  std::string calls;
  Batch batch(*loop_, calls);
  const auto parent = [](Loop& in, Batch& at_end, std::string& log) -> Task<void> {
    Scope scope;
    in.at_turn_end(at_end);
    in.at_turn_end(at_end);
    scope.spawn(letters(in, log, 'a'));
    scope.spawn(letters(in, log, 'b'));
    co_await scope.join();
    co_await at_end;
    log += 'z';
  };
  run(parent(*loop_, batch, calls));
  EXPECT_EQ(calls, "ababab|z");
}

TEST_F(LoopTest, RunsWhatTheEndOfTheTurnMadeReadyBeforeTheRingTurns) {
  std::string calls;
  Batch batch(*loop_, calls);
  SocketPair sockets;
  sockets.tell("x");
  const auto reader = [](Loop& in, int fd, std::string& log) -> Task<void> {
    std::array<std::byte, 1> byte;
    (void)co_await Operation{in, op::Recv{fd, byte}};
    log += 'r';
  };
  const auto parent = [](Loop& in, auto& read, int fd, Batch& at_end, std::string& log) -> Task<void> {
    Scope scope;
    scope.spawn(read(in, fd, log));
    co_await at_end;
    log += '1';
    co_await at_end;
    log += '2';
    co_await scope.join();
  };
  run(parent(*loop_, reader, sockets.ours.get(), batch, calls));
  EXPECT_EQ(calls, "|1|2r");
}

TEST_F(LoopTest, GivesTheRingItsTurnEvenWhenCoroutinesKeepWakingEachOther) {
  SocketPair sockets;
  sockets.tell("x");
  bool received = false;
  const auto reader = [](Loop& in, int fd, bool& done) -> Task<void> {
    std::array<std::byte, 1> byte;
    done = (co_await Operation{in, op::Recv{fd, byte}}).has_value();
  };
  const auto busy = [](Loop& in, const bool& done) -> Task<void> {
    while (!done) co_await Yield{in};
  };
  const auto parent = [](Loop& in, auto& read, auto& keep_busy, int fd, bool& done) -> Task<void> {
    Scope scope;
    scope.spawn(read(in, fd, done));
    scope.spawn(keep_busy(in, done));
    co_await scope.join();
  };
  run(parent(*loop_, reader, busy, sockets.ours.get(), received));
  EXPECT_TRUE(received);
}

TEST_F(LoopTest, TellsOneTimeForAWholeTurn) {
  const Instant begin = loop_->now();
  const auto sleeper = [](Loop& in, SimBackend& sim) -> Task<void> {
    const Instant before = in.now();
    static_cast<SimClock&>(sim.clock()).advance(seconds(1));
    EXPECT_EQ(in.now(), before);
    EXPECT_TRUE(co_await (Sleep{in, before + seconds(5)}));
    EXPECT_EQ(in.now(), before + seconds(5));
  };
  run(sleeper(*loop_, *backend_));
  EXPECT_EQ(loop_->now(), begin + seconds(5));
}

}  // namespace
}  // namespace uflush
