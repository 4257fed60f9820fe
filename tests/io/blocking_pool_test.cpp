#include "io/blocking_pool.hpp"

#include <atomic>
#include <ctime>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/core/in_child.hpp"
#include "tests/io/backends.hpp"
#include "tests/support/seccomp.hpp"

namespace uflush {
namespace {

class BlockingPoolTest : public BackendTest<UringBackend> {
 protected:
  std::unique_ptr<BlockingPool> pool_of(std::size_t threads_max) {
    auto pool = BlockingPool::create(*loop_, threads_max);
    EXPECT_TRUE(pool.has_value());
    return std::move(pool.value());
  }

  /// Runs `work` with the pool at hand, then shuts the pool down.
  void run(BlockingPool& pool, Task<void> work) {
    const auto parent = [](BlockingPool& with, Task<void> inner) -> Task<void> {
      Scope scope;
      scope.spawn(with.run());
      co_await std::move(inner);
      with.shut_down();
      co_await scope.join();
    };
    loop_->run(parent(pool, std::move(work)));
  }
};

TEST_F(BlockingPoolTest, RunsJobsOnThreadsOfItsOwnAndResumesOnTheLoops) {
  const auto pool = pool_of(2);
  const auto work = [](Pool& with) -> Task<void> {
    const std::thread::id home = std::this_thread::get_id();
    auto job = [] { return std::this_thread::get_id(); };
    for (int i = 0; i < 100; ++i) {
      const std::thread::id away = co_await in_pool(with, job);
      EXPECT_NE(away, home);
      EXPECT_EQ(std::this_thread::get_id(), home);
    }
  };
  run(*pool, work(*pool));
}

Task<void> append_in_pool(Pool& pool, std::string& order, char letter) {
  auto job = [&] {
    order += letter;
    return true;
  };
  co_await in_pool(pool, job);
}

TEST_F(BlockingPoolTest, KeepsTheOrderOfArrival) {
  const auto pool = pool_of(1);
  std::string order;
  const auto work = [](Pool& with, std::string& into) -> Task<void> {
    Scope scope;
    for (char letter = 'a'; letter <= 'z'; ++letter) scope.spawn(append_in_pool(with, into, letter));
    co_await scope.join();
  };
  run(*pool, work(*pool, order));
  EXPECT_EQ(order, "abcdefghijklmnopqrstuvwxyz");
}

Task<void> meet_in_pool(Pool& pool, std::latch& meeting) {
  auto job = [&] {
    meeting.arrive_and_wait();  // ends only when all of them run at once
    return true;
  };
  co_await in_pool(pool, job);
}

TEST_F(BlockingPoolTest, RunsAsManyJobsAtOnceAsItMayHaveThreads) {
  constexpr std::size_t threads = 4;
  const auto pool = pool_of(threads);
  const auto work = [](Pool& with) -> Task<void> {
    for (int round = 0; round < 50; ++round) {
      std::latch meeting(threads);
      Scope scope;
      for (std::size_t i = 0; i < threads; ++i) scope.spawn(meet_in_pool(with, meeting));
      co_await scope.join();
    }
  };
  run(*pool, work(*pool));
}

TEST_F(BlockingPoolTest, StartsAThreadForAJobThatWouldOtherwiseWaitBehindABlockedOne) {
  const auto work = [](Pool& with) -> Task<void> {
    auto nothing = [] { return true; };
    co_await in_pool(with, nothing);  // leaves one thread, idle, that can take only one of the next two
    std::latch meeting(2);
    Scope scope;
    scope.spawn(meet_in_pool(with, meeting));
    scope.spawn(meet_in_pool(with, meeting));
    co_await scope.join();
  };
  for (int round = 0; round < 50; ++round) {
    const auto pool = pool_of(2);
    run(*pool, work(*pool));
  }
}

struct Crowd {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
};

Task<void> count_in_pool(Pool& pool, Crowd& crowd) {
  auto job = [&] {
    const int now = ++crowd.inside;
    int most = crowd.most;
    while (most < now && !crowd.most.compare_exchange_weak(most, now)) {
    }
    std::this_thread::yield();
    --crowd.inside;
    return true;
  };
  co_await in_pool(pool, job);
}

TEST_F(BlockingPoolTest, NeverHasMoreThreadsThanItMay) {
  const auto pool = pool_of(3);
  Crowd crowd;
  const auto work = [](Pool& with, Crowd& counted) -> Task<void> {
    Scope scope;
    for (int i = 0; i < 500; ++i) scope.spawn(count_in_pool(with, counted));
    co_await scope.join();
  };
  run(*pool, work(*pool, crowd));
  EXPECT_GE(crowd.most, 1);
  EXPECT_LE(crowd.most, 3);
}

TEST_F(BlockingPoolTest, BringsJobsHomeThatAreUnderWayAtShutDown) {
  const auto pool = pool_of(1);
  std::string order;
  const auto work = [](BlockingPool& with, std::string& into) -> Task<void> {
    Scope scope;
    scope.spawn(with.run());
    for (char letter = 'a'; letter <= 'e'; ++letter) scope.spawn(append_in_pool(with, into, letter));
    with.shut_down();
    co_await scope.join();
  };
  loop_->run(work(*pool, order));
  EXPECT_EQ(order, "abcde");
}

TEST_F(BlockingPoolTest, ShutsDownWithoutEverHavingWorked) {
  const auto pool = pool_of(1);
  const auto nothing = []() -> Task<void> { co_return; };
  run(*pool, nothing());
}

/// Runs one job in a process that may have no second thread; 0 when it ran, 2 when the pool refused it.
int run_job_without_threads(NoThread no_thread) {
  constexpr uid_t nobody = 65534;
  constexpr rlimit none{.rlim_cur = 1, .rlim_max = 1};
  auto made = UringRing::create();
  auto* ring = std::get_if<std::unique_ptr<UringRing>>(&made);
  if (ring == nullptr || ::setrlimit(RLIMIT_NPROC, &none) != 0 || ::setuid(nobody) != 0) return 99;
  SystemClock clock;
  Loop loop(**ring, clock);
  const auto pool = BlockingPool::create(loop, 2, no_thread);
  int answer = 1;
  const auto work = [](BlockingPool& with, int& to) -> Task<void> {
    Scope scope;
    scope.spawn(with.run());
    auto job = [] { return 0; };
    const std::optional<int> done = co_await in_pool_if_there_is_a_thread(with, job);
    to = done.value_or(2);
    with.shut_down();
    co_await scope.join();
  };
  loop.run(work(*pool.value(), answer));
  return answer;
}

/// Brings jobs home in a process whose epoll takes no more descriptors; 0 when it hardly computes meanwhile.
int run_jobs_unwatched() {
  EpollBackend backend;
  if (!support::forbid_call(SYS_epoll_ctl, ENOSPC)) return 99;
  Loop loop(backend.ring(), backend.clock());
  const auto pool = BlockingPool::create(loop, 1);
  const std::clock_t before = std::clock();
  const auto work = [](BlockingPool& with, Loop& in) -> Task<void> {
    Scope scope;
    scope.spawn(with.run());
    auto job = [] { return 0; };
    for (int i = 0; i < 3; ++i) static_cast<void>(co_await in_pool(with, job));
    static_cast<void>(co_await Sleep{in, in.now() + std::chrono::milliseconds(200)});
    with.shut_down();
    co_await scope.join();
  };
  loop.run(work(*pool.value(), loop));
  return std::clock() - before < CLOCKS_PER_SEC / 20 ? 0 : 1;
}

TEST(BlockingPool, BringsJobsHomeWhereTheRingCannotTellOfThem) {
  EXPECT_EQ(in_child(run_jobs_unwatched), 0);
}

TEST(BlockingPool, DoesTheWorkItselfWhenThereAreNoThreadsToBeHad) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody with a limit";
  EXPECT_EXIT(std::_Exit(run_job_without_threads(NoThread::run_on_loop)), testing::ExitedWithCode(0), "");
}

TEST(BlockingPool, RefusesJobsThatWaitWhenThereAreNoThreadsToBeHad) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody with a limit";
  EXPECT_EXIT(std::_Exit(run_job_without_threads(NoThread::refuse)), testing::ExitedWithCode(2), "");
}

/// Lets a pool have its first thread, and no other.
int run_job_with_one_thread_from_the_start() {
  constexpr rlimit none{.rlim_cur = 1, .rlim_max = 1};
  constexpr uid_t nobody = 65534;
  auto made = UringRing::create();
  auto* ring = std::get_if<std::unique_ptr<UringRing>>(&made);
  SystemClock clock;
  Loop loop(**ring, clock);
  const auto pool = BlockingPool::create(loop, 2, NoThread::refuse);
  if (::setrlimit(RLIMIT_NPROC, &none) != 0 || ::setuid(nobody) != 0) return 99;
  int answer = 0;
  const auto work = [](BlockingPool& with, int& to) -> Task<void> {
    Scope scope;
    scope.spawn(with.run());
    auto job = [] { return 1; };
    for (int i = 0; i < 3; ++i) to += (co_await in_pool_if_there_is_a_thread(with, job)).value_or(100);
    with.shut_down();
    co_await scope.join();
  };
  loop.run(work(*pool.value(), answer));
  return answer;
}

TEST(BlockingPool, HasAThreadFromTheStartForJobsThatWait) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody with a limit";
  EXPECT_EXIT(std::_Exit(run_job_with_one_thread_from_the_start()), testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace uflush
