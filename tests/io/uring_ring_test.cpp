// What only the kernel's ring can show: limits of its queues, on a real kernel.
#include "io/uring_ring.hpp"

#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "tests/core/in_child.hpp"
#include "tests/io/backends.hpp"
#include "tests/support/seccomp.hpp"

namespace uflush {
namespace {

using std::chrono::milliseconds;

class UringRingTest : public BackendTest<UringBackend> {
 protected:
  [[nodiscard]] UringRing& ring() { return backend_->uring(); }
};

Task<void> poll_once(Loop& loop, int fd, StopToken stop, std::size_t& readable, std::size_t& cancelled) {
  auto ready = co_await Operation{loop, op::Poll{fd, POLLIN}, {.stop = stop}};
  if (ready) {
    ++readable;
  } else if (ready.error() == Error{ECANCELED}) {
    ++cancelled;
  }
}

TEST_F(UringRingTest, CarriesFarMoreRequestsThanItsQueuesHaveEntries) {
  const std::size_t count = 5 * std::size_t{ring().features().cq_entries};
  const Fd event{::eventfd(0, EFD_CLOEXEC)};
  std::size_t readable = 0;
  std::size_t cancelled = 0;
  const auto crowd = [](Loop& in, UringRing& uring, int fd, std::size_t size, std::size_t& done,
                        std::size_t& stopped) -> Task<void> {
    Scope scope;
    for (std::size_t i = 0; i < size; ++i) scope.spawn(poll_once(in, fd, {}, done, stopped));
    EXPECT_EQ(uring.in_kernel(), size);
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(fd, &one, sizeof one), 8);  // all of them complete at once
    co_await scope.join();
  };
  loop_->run(crowd(*loop_, ring(), event.get(), count, readable, cancelled));
  EXPECT_EQ(readable, count);
  EXPECT_EQ(cancelled, 0U);
  EXPECT_EQ(ring().in_kernel(), 0U);
  EXPECT_EQ(ring().overflows(), 0U);
}

TEST_F(UringRingTest, CancelsFarMoreRequestsThanItsQueuesHaveEntries) {
  const std::size_t count = 3 * std::size_t{ring().features().cq_entries};
  const Fd event{::eventfd(0, EFD_CLOEXEC)};
  std::size_t readable = 0;
  std::size_t cancelled = 0;
  const auto crowd = [](Loop& in, int fd, std::size_t size, std::size_t& done,
                        std::size_t& stopped) -> Task<void> {
    StopSource stop;
    Scope scope;
    for (std::size_t i = 0; i < size; ++i) scope.spawn(poll_once(in, fd, stop, done, stopped));
    stop.request_stop();
    co_await scope.join();
  };
  loop_->run(crowd(*loop_, event.get(), count, readable, cancelled));
  EXPECT_EQ(cancelled, count);
  EXPECT_EQ(ring().in_kernel(), 0U);
  EXPECT_EQ(ring().overflows(), 0U);
}

TEST_F(UringRingTest, HasRoomForAsManyOpsAsItWasMadeFor) {
  for (const std::size_t ops : {std::size_t{1}, std::size_t{1000}, std::size_t{30'000}}) {
    UringBackend backend({.ops_max = ops});
    EXPECT_GE(backend.ring().ops_max(), ops);
    const RingFeatures& granted = backend.uring().features();
    EXPECT_LE(backend.ring().ops_max() + granted.sq_entries, granted.cq_entries);
  }
  UringBackend largest({.ops_max = 1'000'000'000});
  EXPECT_GE(largest.ring().ops_max(), 60'000U);
}

// Cancel requests and posted requests that fail have completions, too.
TEST_F(UringRingTest, NeverOverflowsWhateverIsAskedOfASmallOne) {
  for (std::size_t rung = 0; rung < ring_flag_rungs; ++rung) {
    UringBackend backend({.entries = 2, .ops_max = 1, .first_rung = rung});
    UringRing& uring = backend.uring();
    ASSERT_LT(uring.ops_max(), 64U);
    Loop loop(backend.ring(), backend.clock());
    const Fd event{::eventfd(0, EFD_CLOEXEC)};
    std::size_t readable = 0;
    std::size_t cancelled = 0;
    constexpr std::size_t count = 500;
    const auto crowd = [](Loop& in, int fd, std::size_t& done, std::size_t& stopped) -> Task<void> {
      StopSource stop;
      Scope scope;
      for (std::size_t i = 0; i < count; ++i) {
        scope.spawn(poll_once(in, fd, i % 2 == 0 ? StopToken{} : StopToken{stop}, done, stopped));
        in.ring().post_send(-1, as_bytes("x"));  // EBADF
      }
      stop.request_stop();
      const std::uint64_t one = 1;
      EXPECT_EQ(::write(fd, &one, sizeof one), 8);
      co_await scope.join();
    };
    loop.run(crowd(loop, event.get(), readable, cancelled));
    EXPECT_EQ(readable + cancelled, count);
    EXPECT_GE(readable, count / 2);
    EXPECT_EQ(uring.overflows(), 0U);
  }
}

/// How long a loop that has nothing to do but to wait for `time` was computing.
Duration computing_while_waiting(Ring& ring, Clock& clock, Duration time) {
  Loop loop(ring, clock);
  const auto processor = [] {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  const auto sleeper = [](Loop& in, Duration length) -> Task<void> {
    static_cast<void>(co_await Sleep{in, in.now() + length});
  };
  const auto before = processor();
  loop.run(sleeper(loop, time));
  return processor() - before;
}

TEST_F(UringRingTest, SleepsWhereverItSleeps) {
  for (std::size_t rung = 0; rung < ring_flag_rungs; ++rung) {
    for (const bool no_iowait : {false, true}) {
      UringBackend backend({.first_rung = rung, .no_iowait = no_iowait});
      EXPECT_LT(computing_while_waiting(backend.ring(), backend.clock(), milliseconds(50)), milliseconds(20));
    }
  }
}

TEST_F(UringRingTest, SleepsWherePpollIsForbidden) {
  const auto sleep = [] {
    if (!support::forbid_call(SYS_ppoll, EPERM)) return 2;
    UringBackend backend({.no_iowait = false});
    return computing_while_waiting(backend.ring(), backend.clock(), milliseconds(50)) < milliseconds(20) ? 0
                                                                                                         : 1;
  };
  EXPECT_EQ(in_child(sleep), 0);
}

TEST_F(UringRingTest, AcceptsFromABacklogUntilItIsEmpty) {
  const Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t bytes = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), generic, sizeof(sa_family_t)), 0);
  ASSERT_EQ(::getsockname(listener.get(), generic, &bytes), 0);
  ASSERT_EQ(::listen(listener.get(), 10), 0);
  std::vector<Fd> clients;
  for (int i = 0; i < 3; ++i) {
    auto client = ring().unix_socket();
    ASSERT_TRUE(client.has_value());
    ASSERT_EQ(::connect(client.value().get(), generic, bytes), 0);
    clients.push_back(std::move(client.value()));
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ring().accept(listener.get()).has_value());
  EXPECT_EQ(ring().accept(listener.get()).error(), Error{EAGAIN});
}

TEST_F(UringRingTest, ClosesWhatWasPostedEvenWhenItNeverTurnsAgain) {
  SocketPair sockets;
  ring().post_send(sockets.ours.get(), as_bytes("x"));
  ring().post_close(std::move(sockets.ours));
  loop_.reset();
  backend_.reset();
  std::array<char, 4> buffer{};
  EXPECT_EQ(::recv(sockets.peer.get(), buffer.data(), buffer.size(), 0), 1);
  EXPECT_EQ(::recv(sockets.peer.get(), buffer.data(), buffer.size(), 0), 0);
}

TEST_F(UringRingTest, SaysWhatTheKernelGranted) {
  EXPECT_GE(ring().features().sq_entries, 32U);
  EXPECT_GE(ring().features().cq_entries, ring().features().sq_entries);
  EXPECT_NE(ring().features().describe().find(std::to_string(ring().features().sq_entries)),
            std::string::npos);
}

}  // namespace
}  // namespace uflush
