// Time limits, and the threads that wait for the disk.
#include <csignal>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "io/epoll_ring.hpp"
#include "tests/core/in_child.hpp"
#include "tests/io/epoll_backend.hpp"
#include "tests/support/seccomp.hpp"

namespace uflush {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

class EpollWaiting : public EpollRingTest {};

// ---- Syncing

Task<void> sync_it(Loop& loop, int fd, std::size_t& done) {
  const auto synced = co_await Operation{loop, op::Sync{fd}};
  if (synced) ++done;
}

TEST_F(EpollWaiting, SyncsManyFilesBesideTheLoop) {
  std::vector<Fd> files;
  for (int i = 0; i < 50; ++i) files.emplace_back(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!files[0]) GTEST_SKIP() << "no O_TMPFILE in /tmp";
  std::size_t done = 0;
  const auto crowd = [](Loop& in, const std::vector<Fd>& all, std::size_t& count) -> Task<void> {
    Scope scope;
    for (int round = 0; round < 3; ++round)
      for (const Fd& file : all) scope.spawn(sync_it(in, file.get(), count));
    co_await scope.join();
  };
  loop_->run(crowd(*loop_, files, done));
  EXPECT_EQ(done, 150U);
  EXPECT_EQ(ring().in_kernel(), 0U);
}

TEST_F(EpollWaiting, CompletesASyncThatIsCancelledInOneWayOrTheOther) {
  const Fd file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (!file) GTEST_SKIP() << "no O_TMPFILE in /tmp";
  std::vector<std::unique_ptr<Op>> ops;
  for (int i = 0; i < 100; ++i) {
    ops.push_back(std::make_unique<Op>(op::Sync{file.get()}));
    ring().submit(*ops.back());
  }
  for (const auto& op : ops) ring().cancel(*op);
  std::size_t completed = 0;
  while (completed < ops.size()) completed += turn(std::nullopt).size();
  for (const auto& op : ops) EXPECT_TRUE(op->result == 0 || op->result == -ECANCELED);
  EXPECT_EQ(ring().in_kernel(), 0U);
}

/// 0 when files are synced all the same in a process that may have no second thread.
int sync_without_threads() {
  constexpr uid_t nobody = 65534;
  constexpr rlimit none{.rlim_cur = 1, .rlim_max = 1};
  if (::setrlimit(RLIMIT_NPROC, &none) != 0 || ::setuid(nobody) != 0) return 99;
  EpollBackend backend;
  Loop loop(backend.ring(), backend.clock());
  const Fd file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  std::size_t done = 0;
  for (int i = 0; i < 3; ++i) loop.run(sync_it(loop, file.get(), done));
  return done == 3 ? 0 : 1;
}

TEST_F(EpollWaiting, SyncsItselfWhenThereAreNoThreadsToBeHad) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody with a limit";
  EXPECT_EQ(in_child(sync_without_threads), 0);
}

// ---- Time limits

TEST_F(EpollWaiting, WaitsToTheMicrosecond) {
  Duration least = hours(1);
  for (int i = 0; i < 20; ++i) {
    const Instant until = backend_->clock().now() + microseconds(200);
    EXPECT_TRUE(turn(until).empty());
    const Instant after = backend_->clock().now();
    EXPECT_GE(after, until);
    least = std::min(least, Duration(after - until));
  }
  EXPECT_LT(least, microseconds(800));  // whole milliseconds would not do
}

TEST_F(EpollWaiting, WaitsInMillisecondsAndNeverLessWhereTheKernelCountsThem) {
  for (const int error : {ENOSYS, EPERM}) {
    const auto wait_for_a_while = [&] {
      if (!support::forbid_call(SYS_epoll_pwait2, error)) return 2;
      for (int i = 0; i < 5; ++i) {
        const Instant until = backend_->clock().now() + microseconds(300);
        if (!turn(until).empty() || backend_->clock().now() < until) return 1;
      }
      SocketPair sockets;
      Op recv(op::Recv{sockets.ours.get(), bytes_});
      ring().submit(recv);
      sockets.tell("x");
      return turn(std::nullopt).size() == 1 ? 0 : 1;
    };
    EXPECT_EQ(in_child(wait_for_a_while), 0);
  }
}

TEST_F(EpollWaiting, TakesAnInterruptionForAnEmptyTurn) {
  struct sigaction quiet {};
  quiet.sa_handler = [](int) {};
  struct sigaction before {};
  ::sigaction(SIGALRM, &quiet, &before);
  itimerval soon{.it_interval = {.tv_sec = 0, .tv_usec = 1000}, .it_value = {.tv_sec = 0, .tv_usec = 1000}};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  EXPECT_TRUE(turn(std::nullopt).empty());
  soon = {};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
}

}  // namespace
}  // namespace uflush
