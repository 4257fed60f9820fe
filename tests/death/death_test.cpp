// Misuse of our own runtime must abort at once, and say what was wrong: anything else would let the kernel
// write into memory that is somebody else's by then.
#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include "io/blocking_pool.hpp"
#include "tests/io/backends.hpp"
#include "tests/sim/sim.hpp"

namespace uflush {
namespace {

Task<void> forever() {
  co_await std::suspend_always{};
}

TEST(DeathOfOp, WhenItIsDestroyedInTheKernel) {
  SimBackend backend;
  const auto destroy = [&] {
    SocketPair sockets;
    std::array<std::byte, 1> byte;
    Op op(op::Recv{sockets.ours.get(), byte});
    backend.ring().submit(op);
  };
  EXPECT_DEATH(destroy(), "phase != Phase::in_kernel");
}

/// Each ring is made in the process that will die: a forked child does not inherit the kernel's.
template <typename Backend>
class DeathOfRing : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = Backend::refusal(); !why.empty()) GTEST_SKIP() << why;
  }
};
using Backends = testing::Types<UringBackend, EpollBackend, SimBackend>;
TYPED_TEST_SUITE(DeathOfRing, Backends);

TYPED_TEST(DeathOfRing, WhenAnOpIsSubmittedTwice) {
  const auto submit_twice = [] {
    TypeParam backend;
    Op op(op::Sync{0});
    backend.ring().submit(op);
    backend.ring().submit(op);
  };
  EXPECT_DEATH(submit_twice(), "op.phase != Op::Phase::in_kernel");
}

TYPED_TEST(DeathOfRing, WhenAnOpIsCancelledThatIsNotInTheKernel) {
  const auto cancel_idle = [] {
    TypeParam backend;
    Op op(op::Sync{0});
    backend.ring().cancel(op);
  };
  EXPECT_DEATH(cancel_idle(), "op.phase == Op::Phase::in_kernel");
}

TYPED_TEST(DeathOfRing, WhenItIsDestroyedWithARequestInTheKernel) {
  const auto destroy = [] {
    Op op(op::Sync{0});
    TypeParam backend;
    backend.ring().submit(op);
  };
  EXPECT_DEATH(destroy(), "in_kernel.* == 0");
}

TEST(DeathOfScope, WhenItIsDestroyedWithATaskInIt) {
  const auto destroy = [] {
    Scope scope;
    scope.spawn(forever());
  };
  EXPECT_DEATH(destroy(), "count_ == 0");
}

TEST(DeathOfScope, WhenTwoWaitForItsEnd) {
  const auto join_twice = [] {
    Scope inner;
    Scope outer;
    const auto joiner = [](Scope& scope) -> Task<void> { co_await scope.join(); };
    inner.spawn(forever());
    outer.spawn(joiner(inner));
    outer.spawn(joiner(inner));
  };
  EXPECT_DEATH(join_twice(), "!scope.joiner_");
}

TEST(DeathOfTask, WhenItIsDestroyedMidway) {
  const auto destroy = [] {
    Task<void> task = forever();
    auto awaiter = std::move(task).operator co_await();
    awaiter.await_suspend(std::noop_coroutine()).resume();
  };
  EXPECT_DEATH(destroy(), "started");
}

TEST(DeathOfTask, WhenItIsAwaitedTwice) {
  const auto await_twice = [] {
    Scope scope;
    const auto parent = []() -> Task<void> {
      Task<void> child = forever();
      Scope inner;
      const auto await_it = [](Task<void>& task) -> Task<void> { co_await std::move(task); };
      inner.spawn(await_it(child));
      inner.spawn(await_it(child));
      co_await inner.join();
    };
    scope.spawn(parent());
  };
  EXPECT_DEATH(await_twice(), "started");
}

TEST(DeathOfTask, WhenAnExceptionLeavesIt) {
  const auto fail = [] {
    Scope scope;
    const auto thrower = []() -> Task<void> {
      throw 1;
      co_return;
    };
    scope.spawn(thrower());
  };
  EXPECT_EXIT(fail(), testing::KilledBySignal(SIGABRT), "");
}

TEST(DeathOfLoop, WhenACoroutineIsStillReady) {
  const auto destroy = [] {
    SimBackend backend;
    Loop loop(backend.ring(), backend.clock());
    loop.make_ready(std::noop_coroutine());
  };
  EXPECT_DEATH(destroy(), "ready_.empty");
}

TEST(DeathOfTimerHeap, WhenATimerIsStillSet) {
  struct Quiet final : Timer {
    void on_timer() noexcept override {}
  };
  const auto destroy = [] {
    Quiet quiet;
    TimerHeap heap;
    heap.set(quiet, Instant{});
  };
  EXPECT_DEATH(destroy(), "timers_.empty");
}

TEST(DeathOfStopSource, WhenSomebodyStillListens) {
  struct Quiet final : StopListener {
    void on_stop() noexcept override {}
  };
  const auto destroy = [] {
    Quiet quiet;
    StopSource source;
    StopToken{source}.subscribe(quiet);
  };
  EXPECT_DEATH(destroy(), "listeners_.empty");
}

TEST(DeathOfSim, WhenABlockingLockWouldStopTheLoop) {
  const auto lock = [] {
    Sim sim{Seed{1}};
    sim.files.write("log", "");
    sim.files.lock_from_outside("log");
    auto log = sim.files.open(current_directory, "log", FileSystem::Open::append_create);
    (void)sim.files.lock(log.value().handle(), FileSystem::Lock::wait);
  };
  EXPECT_DEATH(lock(), "current_ != nullptr.*replay with Seed\\{1\\}");
}

TEST(DeathOfSim, WhenADescriptorIsClosedUnderARequest) {
  const auto close = [] {
    SimBackend backend;
    SocketPair sockets;
    std::array<std::byte, 1> byte;
    Op op(op::Recv{sockets.ours.get(), byte});
    backend.ring().submit(op);
    backend.ring().post_close(std::move(sockets.ours));
  };
  EXPECT_DEATH(close(), "fd_of");
}

void say_aloud(const char* text) {
  std::fprintf(stderr, "aloud: %s\n", text);
}

TEST(Panic, GoesToTheHandlerAndAborts) {
  const auto fail = [] {
    set_panic_handler(say_aloud);
    FLUSH_ASSERT(1 + 1 == 3);
  };
  EXPECT_EXIT(fail(), testing::KilledBySignal(SIGABRT), "aloud: .*death_test.cpp:[0-9]+: .*1 \\+ 1 == 3");
}

void fail_again(const char* text) {
  std::fprintf(stderr, "once: %s\n", text);
  FLUSH_ASSERT(2 + 2 == 5);
}

TEST(Panic, CallsAHandlerThatFailsItselfOnlyOnce) {
  const auto fail = [] {
    set_panic_handler(fail_again);
    FLUSH_ASSERT(1 + 1 == 3);
  };
  EXPECT_EXIT(fail(), testing::KilledBySignal(SIGABRT), "once: .*1 \\+ 1 == 3");
}

}  // namespace
}  // namespace uflush
