// What only the portable ring has to take care of: numbers of descriptors that are used again, files that
// epoll does not take, kernels without epoll_pwait2.
#include "io/epoll_ring.hpp"

#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "tests/core/in_child.hpp"
#include "tests/io/backends.hpp"
#include "tests/support/seccomp.hpp"

namespace uflush {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class EpollRingTest : public BackendTest<EpollBackend> {
 protected:
  [[nodiscard]] EpollRing& ring() { return backend_->ring(); }

  /// One turn that does not wait; the ops that completed.
  std::vector<Op*> turn(std::optional<Instant> until = Instant::min()) {
    std::vector<Op*> completed;
    ring().turn(until, completed);
    for (Op* op : completed) op->collected = false;
    return completed;
  }
  /// The same, and true when it was this op alone that completed.
  bool completes(const Op& op) {
    const std::vector<Op*> completed = turn();
    return completed.size() == 1 && completed[0] == &op && op.phase == Op::Phase::done;
  }
  void finish(Op& op) {
    ring().cancel(op);
    EXPECT_TRUE(completes(op));
  }
  std::array<std::byte, 64> bytes_;
};

/// A socket whose peer does not read, with nothing left to send into.
struct FullSocket : SocketPair {
  FullSocket() {
    const std::string piece(4096, 'x');
    while (::send(ours.get(), piece.data(), piece.size(), MSG_DONTWAIT) > 0) {
    }
  }
  /// All that there is to read, without the filling.
  std::string drain() const {
    std::string text;
    std::array<char, 4096> piece;
    for (ssize_t count = 1; count > 0;) {
      count = ::recv(peer.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      text.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    text.erase(0, text.find_first_not_of('x'));
    return text;
  }
  [[nodiscard]] bool at_end() const {
    char byte = 0;
    return ::recv(peer.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
};

// ---- Completions

TEST_F(EpollRingTest, ReportsInTheTurnWhatWasDoneAtOnce) {
  SocketPair sockets;
  Op send(op::Send{sockets.ours.get(), as_bytes("x")});
  ring().submit(send);
  EXPECT_EQ(send.phase, Op::Phase::in_kernel);
  EXPECT_EQ(ring().in_kernel(), 1U);
  ring().cancel(send);  // too late, and no harm
  EXPECT_TRUE(completes(send));
  EXPECT_EQ(send.result, 1);
  EXPECT_EQ(ring().in_kernel(), 0U);
}

TEST_F(EpollRingTest, CarriesManyRequestsForOneDescriptor) {
  constexpr std::size_t count = 3000;
  const Fd event{::eventfd(0, EFD_CLOEXEC)};
  std::vector<std::unique_ptr<Op>> ops;
  for (std::size_t i = 0; i < count; ++i) {
    ops.push_back(std::make_unique<Op>(op::Poll{event.get(), POLLIN}));
    ring().submit(*ops.back());
  }
  EXPECT_EQ(turn().size(), 0U);
  for (std::size_t i = 0; i < count / 2; ++i) ring().cancel(*ops[i]);
  ASSERT_EQ(::eventfd_write(event.get(), 1), 0);
  EXPECT_EQ(turn().size(), count);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(ops[i]->result, i < count / 2 ? -ECANCELED : POLLIN);
}

TEST_F(EpollRingTest, CarriesRequestsForManyDescriptors) {
  constexpr std::size_t count = 400;  // more than come with one call
  std::vector<SocketPair> sockets(count);
  std::vector<std::unique_ptr<Op>> ops;
  for (SocketPair& pair : sockets) {
    ops.push_back(std::make_unique<Op>(op::Recv{pair.ours.get(), bytes_}));
    ring().submit(*ops.back());
    pair.tell("x");
  }
  std::size_t completed = 0;
  for (int i = 0; i < 3; ++i) completed += turn().size();
  EXPECT_EQ(completed, count);
}

TEST_F(EpollRingTest, ServesBothDirectionsOfASocketAtOnce) {
  FullSocket sockets;
  Op recv(op::Recv{sockets.ours.get(), bytes_});
  Op send(op::Send{sockets.ours.get(), as_bytes("answer")});
  ring().submit(recv);
  ring().submit(send);
  EXPECT_TRUE(turn().empty());
  sockets.tell("question");
  EXPECT_TRUE(completes(recv));
  EXPECT_EQ(recv.result, 8);
  sockets.drain();
  EXPECT_TRUE(completes(send));
  EXPECT_EQ(sockets.drain(), "answer");
}

TEST_F(EpollRingTest, RefusesADescriptorThatIsNotOpen) {
  const int closed = [] { return SocketPair().ours.get(); }();
  for (const int fd : {-1, closed}) {
    Op recv(op::Recv{fd, bytes_});
    Op poll(op::Poll{fd, POLLIN, true});
    ring().submit(recv);
    ring().submit(poll);
    EXPECT_EQ(turn().size(), 2U);
    EXPECT_EQ(recv.result, -EBADF);
    EXPECT_EQ(poll.result, -EBADF);
  }
}

// ---- Sending and closing

TEST_F(EpollRingTest, KeepsTheOrderOfWhatTheSocketDoesNotTake) {
  FullSocket sockets;
  Op send(op::Send{sockets.ours.get(), as_bytes("two,")});
  ring().post_send(sockets.ours.get(), as_bytes("one,"));
  ring().submit(send);
  ring().post_send(sockets.ours.get(), as_bytes("three."));
  ring().post_close(std::move(sockets.ours));
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(sockets.drain(), "");
  EXPECT_TRUE(completes(send));
  EXPECT_EQ(sockets.drain(), "one,two,three.");
  EXPECT_TRUE(sockets.at_end());
}

TEST_F(EpollRingTest, TellsHowMuchOfACancelledSendTheSocketTook) {
  SocketPair sockets;
  const std::string text(8'000'000, 'x');
  Op send(op::Send{sockets.ours.get(), as_bytes(text)});
  ring().submit(send);
  EXPECT_TRUE(turn().empty());
  finish(send);
  EXPECT_GT(send.result, 0);
  EXPECT_LT(send.result, static_cast<int>(text.size()));

  Op behind(op::Send{sockets.ours.get(), as_bytes("x")});
  ring().submit(behind);
  finish(behind);
  EXPECT_EQ(behind.result, -ECANCELED);
}

TEST_F(EpollRingTest, GivesUpWhatIsUnsentWhenThePeerGoes) {
  FullSocket sockets;
  Op send(op::Send{sockets.ours.get(), as_bytes("x")});
  ring().post_send(sockets.ours.get(), as_bytes("x"));
  ring().submit(send);
  const int fd = sockets.ours.get();
  ring().post_close(std::move(sockets.ours));
  EXPECT_TRUE(turn().empty());
  sockets.peer.reset();
  EXPECT_TRUE(completes(send));
  EXPECT_EQ(send.result, -EPIPE);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST_F(EpollRingTest, ClosesAtOnceWhenACloseThatWaitsIsCancelled) {
  FullSocket sockets;
  ring().post_send(sockets.ours.get(), as_bytes("x"));
  const int fd = sockets.ours.release();
  Op close(op::Close{fd});
  ring().submit(close);
  EXPECT_TRUE(turn().empty());
  finish(close);
  EXPECT_EQ(close.result, 0);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST_F(EpollRingTest, ClosesWhatIsLeftWhenItGoes) {
  FullSocket sockets;
  ring().post_send(sockets.ours.get(), as_bytes("x"));
  ring().post_close(std::move(sockets.ours));
  loop_.reset();
  backend_.reset();
  sockets.drain();
  EXPECT_TRUE(sockets.at_end());
}

TEST_F(EpollRingTest, LeavesTheFlagsOfADescriptorAlone) {
  SocketPair sockets;
  const int before = ::fcntl(sockets.ours.get(), F_GETFL);
  Op recv(op::Recv{sockets.ours.get(), bytes_});
  ring().submit(recv);
  ring().post_send(sockets.ours.get(), as_bytes("x"));
  finish(recv);
  EXPECT_EQ(::fcntl(sockets.ours.get(), F_GETFL), before);
  EXPECT_EQ(before & O_NONBLOCK, 0);
}

// ---- Numbers that are used again

TEST_F(EpollRingTest, AsksAnewWhenItsDescriptorWasClosedBehindItsBack) {
  SocketPair first;
  Op recv(op::Recv{first.ours.get(), bytes_});
  ring().submit(recv);
  finish(recv);
  const int number = first.ours.get();
  SocketPair second;
  ASSERT_EQ(::dup2(second.ours.get(), number), number);
  Op again(op::Recv{number, bytes_});
  ring().submit(again);
  second.tell("x");
  EXPECT_TRUE(completes(again));
  EXPECT_EQ(again.result, 1);
}

TEST_F(EpollRingTest, HearsNothingOfAFileThatHadTheNumberBefore) {
  SocketPair first;
  const Fd elsewhere{::dup(first.ours.get())};  // as another process that has the same file
  Op poll(op::Poll{first.ours.get(), POLLIN});
  ring().submit(poll);
  finish(poll);
  const int number = first.ours.get();
  SocketPair second;
  ASSERT_EQ(::dup2(second.ours.get(), number), number);
  Op again(op::Poll{number, POLLIN});
  ring().submit(again);
  first.tell("x");
  EXPECT_TRUE(turn().empty());
  second.tell("x");
  EXPECT_TRUE(completes(again));
}

TEST_F(EpollRingTest, EndsTheEdgesOfAMultishotPollThatIsCancelled) {
  SocketPair sockets;
  Op poll(op::Poll{sockets.ours.get(), POLLIN, true});
  ring().submit(poll);
  sockets.tell("x");
  EXPECT_EQ(turn().size(), 1U);
  EXPECT_EQ(poll.phase, Op::Phase::in_kernel);
  finish(poll);
  EXPECT_EQ(poll.result, -ECANCELED);
  sockets.tell("x");
  const Instant before = backend_->clock().now();
  EXPECT_TRUE(turn(before + milliseconds(2)).empty());
  EXPECT_GE(backend_->clock().now(), before + milliseconds(2));  // nothing woke it
}

TEST_F(EpollRingTest, GoesOnForOthersWhenAMultishotPollIsCancelled) {
  SocketPair sockets;
  Op poll(op::Poll{sockets.ours.get(), POLLIN, true});
  Op recv(op::Recv{sockets.ours.get(), bytes_});
  ring().submit(poll);
  ring().submit(recv);
  EXPECT_TRUE(turn().empty());
  finish(poll);
  sockets.tell("x");
  EXPECT_TRUE(completes(recv));
}

TEST_F(EpollRingTest, TellsOfWhatIsThereNextToAMultishotPollThatHasTold) {
  SocketPair sockets;
  sockets.tell("x");
  Op multishot(op::Poll{sockets.ours.get(), POLLIN, true});
  ring().submit(multishot);
  EXPECT_EQ(turn().size(), 1U);
  EXPECT_TRUE(turn().empty());
  Op once(op::Poll{sockets.ours.get(), POLLIN});
  ring().submit(once);
  std::vector<Op*> completed = turn();
  EXPECT_EQ(std::count(completed.begin(), completed.end(), &once), 1);
  EXPECT_EQ(multishot.phase, Op::Phase::in_kernel);
  finish(multishot);
}

// ---- Plain files

TEST_F(EpollRingTest, TakesAPlainFileForAlwaysReady) {
  const Fd file{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  Op once(op::Poll{file.get(), POLLIN});
  ring().submit(once);
  EXPECT_TRUE(completes(once));
  EXPECT_EQ(once.result, POLLIN);
  Op multishot(op::Poll{file.get(), POLLIN, true});
  ring().submit(multishot);
  EXPECT_TRUE(completes(multishot));
  EXPECT_EQ(multishot.result, POLLIN);
  Op recv(op::Recv{file.get(), bytes_});
  ring().submit(recv);
  EXPECT_TRUE(completes(recv));
  EXPECT_EQ(recv.result, -ENOTSOCK);
}

// ---- Accepting and connecting

TEST_F(EpollRingTest, AcceptsWhatItsOwnSocketsConnect) {
  const Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const std::string path = "/tmp/epoll_ring_test." + std::to_string(::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  EXPECT_EQ(ring().accept(listener.get()).error(), Error{EAGAIN});

  const Fd first = std::move(ring().unix_socket()).value();
  const Fd second = std::move(ring().unix_socket()).value();
  Op connect(op::Connect{first.get(), &address});
  Op one_too_many(op::Connect{second.get(), &address});
  ring().submit(connect);
  ring().submit(one_too_many);
  EXPECT_EQ(turn().size(), 2U);
  EXPECT_EQ(connect.result, 0);
  EXPECT_EQ(one_too_many.result, -EAGAIN);  // as io_uring says when a backlog is full
  EXPECT_TRUE(ring().accept(listener.get()).has_value());
  EXPECT_EQ(ring().accept(listener.get()).error(), Error{EAGAIN});
  ::unlink(path.c_str());
}

// ---- Syncing

Task<void> sync_it(Loop& loop, int fd, std::size_t& done) {
  const auto synced = co_await Operation{loop, op::Sync{fd}};
  if (synced) ++done;
}

TEST_F(EpollRingTest, SyncsManyFilesBesideTheLoop) {
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

TEST_F(EpollRingTest, CompletesASyncThatIsCancelledInOneWayOrTheOther) {
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

TEST_F(EpollRingTest, SyncsItselfWhenThereAreNoThreadsToBeHad) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody with a limit";
  EXPECT_EQ(in_child(sync_without_threads), 0);
}

// ---- Time limits

TEST_F(EpollRingTest, WaitsToTheMicrosecond) {
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

TEST_F(EpollRingTest, WaitsInMillisecondsAndNeverLessWhereTheKernelCountsThem) {
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

TEST_F(EpollRingTest, TakesAnInterruptionForAnEmptyTurn) {
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
