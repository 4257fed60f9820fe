// What every ring must do alike: the kernel's with each set of flags and each way to sleep, the portable one,
// the simulated one, and the simulated one in any order.
#include "io/operation.hpp"

#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/un.h>

#include "tests/io/backends.hpp"

namespace uflush {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

template <typename Backend>
class OperationTest : public BackendTest<Backend> {};

static_assert(ring_flag_rungs == 4);
using Backends =
    testing::Types<UringBackend, OlderUringBackend<0, false>, OlderUringBackend<1, false>,
                   OlderUringBackend<2, false>, OlderUringBackend<3, false>, OlderUringBackend<1, true>,
                   OlderUringBackend<2, true>, OlderUringBackend<3, true>, TinyUringBackend, EpollBackend,
                   SimBackend, ShuffledBackend>;
TYPED_TEST_SUITE(OperationTest, Backends);

Task<void> receive_all(Loop& loop, int fd, std::string& into) {
  std::array<std::byte, 4096> buffer;
  while (true) {
    auto count = co_await Operation{loop, op::Recv{fd, buffer}};
    if (!count || count.value() == 0) break;
    into += as_text(std::span(buffer).first(count.value()));
  }
}

TYPED_TEST(OperationTest, ReceivesWhatThePeerSentAndThenItsEnd) {
  SocketPair sockets;
  sockets.tell("hello");
  sockets.peer.reset();
  std::string text;
  this->loop_->run(receive_all(*this->loop_, sockets.ours.get(), text));
  EXPECT_EQ(text, "hello");
}

TYPED_TEST(OperationTest, ReceivesWithoutWaitingWhenAskedTo) {
  SocketPair sockets;
  const auto receiver = [](Loop& in, SocketPair& pair) -> Task<void> {
    std::array<std::byte, 8> buffer;
    auto nothing = co_await Operation{in, op::Recv{.fd = pair.ours.get(), .into = buffer, .wait = false}};
    EXPECT_EQ(nothing.error(), Error{EAGAIN});
    pair.tell("x");
    auto something = co_await Operation{in, op::Recv{.fd = pair.ours.get(), .into = buffer, .wait = false}};
    EXPECT_EQ(something.value(), 1U);
  };
  this->loop_->run(receiver(*this->loop_, sockets));
}

Task<void> send_and_finish(Loop& loop, int fd, std::string_view text, std::size_t& sent) {
  auto count = co_await Operation{loop, op::Send{fd, as_bytes(text)}};
  sent = count ? count.value() : 0;
  ::shutdown(fd, SHUT_WR);
}

TYPED_TEST(OperationTest, SendsEverythingEvenWhenTheSocketTakesLess) {
  SocketPair sockets;
  const int small = 4096;
  ::setsockopt(sockets.ours.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  const std::string text(300'000, 'x');
  std::string received;
  std::size_t sent = 0;
  const auto both = [](Loop& loop, SocketPair& pair, std::string_view out, std::string& in,
                       std::size_t& count) -> Task<void> {
    Scope scope;
    scope.spawn(send_and_finish(loop, pair.ours.get(), out, count));
    scope.spawn(receive_all(loop, pair.peer.get(), in));
    co_await scope.join();
  };
  this->loop_->run(both(*this->loop_, sockets, text, received, sent));
  EXPECT_EQ(sent, text.size());
  EXPECT_EQ(received, text);
}

TYPED_TEST(OperationTest, FailsToSendToAPeerThatHasGone) {
  SocketPair sockets;
  sockets.peer.reset();
  const auto sender = [](Loop& loop, int fd) -> Task<void> {
    auto count = co_await Operation{loop, op::Send{fd, as_bytes("x")}};
    EXPECT_EQ(count.error(), Error{EPIPE});
  };
  this->loop_->run(sender(*this->loop_, sockets.ours.get()));
}

Task<void> receive_with(Loop& loop, int fd, Patience patience, Error& error) {
  std::array<std::byte, 8> buffer;
  auto count = co_await Operation{loop, op::Recv{fd, buffer}, patience};
  error = count ? Error{} : count.error();
}

TYPED_TEST(OperationTest, EndsWithEtimedoutAtItsDeadline) {
  SocketPair sockets;
  Error error;
  const Instant deadline = this->loop_->now() + milliseconds(10);
  this->loop_->run(receive_with(*this->loop_, sockets.ours.get(), {.deadline = deadline}, error));
  EXPECT_EQ(error, Error{ETIMEDOUT});
  EXPECT_GE(this->backend_->clock().now(), deadline);
}

TYPED_TEST(OperationTest, DoesNotWaitForADeadlineThatItBeats) {
  SocketPair sockets;
  sockets.tell("x");
  Error error{1};
  const Instant begin = this->loop_->now();
  this->loop_->run(receive_with(*this->loop_, sockets.ours.get(), {.deadline = begin + hours(1)}, error));
  EXPECT_EQ(error, Error{});
  EXPECT_LT(this->backend_->clock().now(), begin + hours(1));
  EXPECT_FALSE(this->loop_->timers().next().has_value());
}

TYPED_TEST(OperationTest, EndsWithEcanceledWhenAStopIsAskedFor) {
  SocketPair sockets;
  StopSource stop;
  Error error;
  const auto stopper = [](Loop& loop, int fd, StopSource& source, Error& result) -> Task<void> {
    Scope scope;
    scope.spawn(receive_with(loop, fd, {.stop = source}, result));
    EXPECT_TRUE(
        co_await (Sleep{loop, loop.now() + milliseconds(1)}));  // by then the request is in the kernel
    source.request_stop();
    co_await scope.join();
  };
  this->loop_->run(stopper(*this->loop_, sockets.ours.get(), stop, error));
  EXPECT_EQ(error, Error{ECANCELED});
}

TYPED_TEST(OperationTest, IsCancelledEvenBeforeTheKernelHasSeenIt) {
  SocketPair sockets;
  StopSource stop;
  Error error;
  const auto stopper = [](Loop& loop, int fd, StopSource& source, Error& result) -> Task<void> {
    Scope scope;
    scope.spawn(receive_with(loop, fd, {.stop = source}, result));
    source.request_stop();
    co_await scope.join();
  };
  this->loop_->run(stopper(*this->loop_, sockets.ours.get(), stop, error));
  EXPECT_EQ(error, Error{ECANCELED});
}

TYPED_TEST(OperationTest, StartsNothingOnceAStopWasAskedFor) {
  SocketPair sockets;
  sockets.tell("x");
  StopSource stop;
  stop.request_stop();
  Error error;
  this->loop_->run(receive_with(*this->loop_, sockets.ours.get(), {.stop = stop}, error));
  EXPECT_EQ(error, Error{ECANCELED});
  char byte = 0;
  EXPECT_EQ(::recv(sockets.ours.get(), &byte, 1, MSG_DONTWAIT), 1);  // the byte is still there
}

TYPED_TEST(OperationTest, PollsForOneEvent) {
  SocketPair sockets;
  const auto poller = [](Loop& loop, SocketPair& pair) -> Task<void> {
    auto writable = co_await Operation{loop, op::Poll{pair.ours.get(), POLLOUT}};
    EXPECT_EQ(writable.value(), static_cast<std::uint32_t>(POLLOUT));
    pair.tell("x");
    auto readable = co_await Operation{loop, op::Poll{pair.ours.get(), POLLIN}};
    EXPECT_EQ(readable.value(), static_cast<std::uint32_t>(POLLIN));
  };
  this->loop_->run(poller(*this->loop_, sockets));
}

TYPED_TEST(OperationTest, ClosesItsDescriptor) {
  SocketPair sockets;
  const int fd = sockets.ours.release();
  const auto closer = [](Loop& loop, int descriptor) -> Task<void> {
    auto closed = co_await Operation{loop, op::Close{descriptor}};
    EXPECT_TRUE(closed.has_value());
  };
  this->loop_->run(closer(*this->loop_, fd));
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
  char byte = 0;
  EXPECT_EQ(::recv(sockets.peer.get(), &byte, 1, MSG_DONTWAIT), 0);
}

TYPED_TEST(OperationTest, SyncsAFileAndRefusesWhatIsNone) {
  const Fd file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (!file) GTEST_SKIP() << "no O_TMPFILE in /tmp";
  SocketPair sockets;
  const auto syncer = [](Loop& loop, int good, int bad) -> Task<void> {
    auto synced = co_await Operation{loop, op::Sync{good}};
    EXPECT_TRUE(synced.has_value());
    auto refused = co_await Operation{loop, op::Sync{bad}};
    EXPECT_EQ(refused.error(), Error{EINVAL});
  };
  this->loop_->run(syncer(*this->loop_, file.get(), sockets.ours.get()));
}

TYPED_TEST(OperationTest, ConnectsOrSaysWhyNot) {
  const auto connector = [](Loop& loop) -> Task<void> {
    auto socket = loop.ring().unix_socket();
    EXPECT_TRUE(socket.has_value());
    sockaddr_un nowhere{.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
    auto connected = co_await Operation{loop, op::Connect{socket.value().get(), &nowhere}};
    EXPECT_EQ(connected.error(), Error{ENOENT});
  };
  this->loop_->run(connector(*this->loop_));
}

TYPED_TEST(OperationTest, IsToldToTryAgainWhenABacklogIsFull) {
  const Listener listener;
  const auto connector = [](Loop& loop, const sockaddr_un* address) -> Task<void> {
    auto first = loop.ring().unix_socket();
    auto second = loop.ring().unix_socket();
    auto connected = co_await Operation{loop, op::Connect{first.value().get(), address}};
    EXPECT_TRUE(connected.has_value());
    auto refused = co_await Operation{loop, op::Connect{second.value().get(), address}};
    EXPECT_EQ(refused.error(), Error{EAGAIN});
  };
  this->loop_->run(connector(*this->loop_, listener.address()));
}

TYPED_TEST(OperationTest, PostedBytesArriveBeforeThePostedClose) {
  std::vector<SocketPair> sockets(100);
  std::string received;
  const auto poster = [](Loop& loop, std::vector<SocketPair>& pairs, std::string& into) -> Task<void> {
    for (SocketPair& pair : pairs) {
      loop.ring().post_send(pair.ours.get(), as_bytes("one,"));
      loop.ring().post_send(pair.ours.get(), as_bytes("two."));
      loop.ring().post_close(std::move(pair.ours));
    }
    for (SocketPair& pair : pairs) co_await receive_all(loop, pair.peer.get(), into);
  };
  this->loop_->run(poster(*this->loop_, sockets, received));
  std::string expected;
  for (std::size_t i = 0; i < sockets.size(); ++i) expected += "one,two.";
  EXPECT_EQ(received, expected);
}

TYPED_TEST(OperationTest, NothingThatIsPostedStaysWithAPeerThatDoesNotRead) {
  std::vector<FullSocket> sockets(20);
  const auto poster = [](Loop& loop, std::vector<FullSocket>& pairs) -> Task<void> {
    for (FullSocket& pair : pairs) {
      loop.ring().post_send(pair.ours.get(), as_bytes("answer"));
      loop.ring().post_close(std::move(pair.ours));
    }
    EXPECT_TRUE(co_await (Sleep{loop, loop.now() + milliseconds(1)}));
  };
  this->loop_->run(poster(*this->loop_, sockets));
  for (const FullSocket& pair : sockets) {
    EXPECT_TRUE(pair.is_hung_up());
    EXPECT_EQ(pair.drain(), "");
  }
}

TYPED_TEST(OperationTest, ASendThatIsCancelledMidwayTellsHowMuchHasGone) {
  SocketPair sockets;
  const std::string text(8'000'000, 'x');
  Result<std::size_t> sent = Error{};
  const auto sender = [](Loop& loop, int fd, std::string_view all, Result<std::size_t>& count) -> Task<void> {
    const Patience patience{.deadline = loop.now() + milliseconds(20)};
    auto outcome = co_await Operation{loop, op::Send{fd, as_bytes(all)}, patience};
    count = outcome;
  };
  this->loop_->run(sender(*this->loop_, sockets.ours.get(), text, sent));
  ASSERT_TRUE(sent.has_value());
  EXPECT_GT(sent.value(), 0U);
  EXPECT_LT(sent.value(), text.size());
}

/// Sends back each byte that comes, from a thread of its own; ends with the connection.
void echo(int fd) {
  char byte = 0;
  while (::recv(fd, &byte, 1, 0) == 1) ::send(fd, &byte, 1, MSG_NOSIGNAL);
}

// Whether the thread sleeps in the ring or beside it: each answer has to wake it.
TYPED_TEST(OperationTest, IsWokenByWhatOtherThreadsDo) {
  if (std::is_base_of_v<SimBackend, TypeParam>) GTEST_SKIP() << "nobody else acts in the simulated world";
  SocketPair sockets;
  std::thread peer(echo, sockets.peer.get());
  const auto talk = [](Loop& loop, int fd) -> Task<void> {
    std::array<std::byte, 8> buffer;
    for (int i = 0; i < 1000; ++i) {
      loop.ring().post_send(fd, as_bytes("x"));
      const Patience patience{.deadline = loop.now() + std::chrono::seconds(10)};
      auto count = co_await Operation{loop, op::Recv{fd, buffer}, patience};
      EXPECT_TRUE(count.has_value());
      if (!count) break;
    }
  };
  this->loop_->run(talk(*this->loop_, sockets.ours.get()));
  ::shutdown(sockets.ours.get(), SHUT_RDWR);
  peer.join();
}

// ---- Readiness

TYPED_TEST(OperationTest, ReadinessTellsOfEachArrival) {
  SocketPair sockets;
  const auto watcher = [](Loop& loop, SocketPair& pair) -> Task<void> {
    Readiness readiness(loop, pair.ours.get());
    for (int i = 0; i < 20; ++i) {
      pair.tell("x");
      auto ready = co_await readiness.wait();
      EXPECT_TRUE(ready.has_value() && (ready.value() & POLLIN) != 0);
      char byte = 0;
      while (::recv(pair.ours.get(), &byte, 1, MSG_DONTWAIT) == 1) {
      }
    }
    co_await readiness.close();
  };
  this->loop_->run(watcher(*this->loop_, sockets));
}

TYPED_TEST(OperationTest, ReadinessKeepsAnArrivalForWhoComesLater) {
  SocketPair sockets;
  const auto watcher = [](Loop& loop, SocketPair& pair) -> Task<void> {
    StopSource stop;
    Readiness readiness(loop, pair.ours.get());
    Scope scope;
    const auto waiter = [](Readiness& from, StopToken token) -> Task<void> {
      auto ready = co_await from.wait(token);
      EXPECT_EQ(ready.error(), Error{ECANCELED});
    };
    scope.spawn(waiter(readiness, stop));
    stop.request_stop();
    co_await scope.join();
    pair.tell("x");
    EXPECT_TRUE(co_await (Sleep{loop, loop.now() + milliseconds(1)}));
    auto ready = co_await readiness.wait();
    EXPECT_TRUE(ready.has_value());
    co_await readiness.close();
  };
  this->loop_->run(watcher(*this->loop_, sockets));
}

TYPED_TEST(OperationTest, ReadinessClosesWhetherItWasUsedOrNot) {
  SocketPair sockets;
  const auto watcher = [](Loop& loop, SocketPair& pair) -> Task<void> {
    Readiness unused(loop, pair.ours.get());
    co_await unused.close();
    Readiness used(loop, pair.peer.get());
    pair.tell("x");
    ::shutdown(pair.ours.get(), SHUT_WR);
    auto ready = co_await used.wait();
    EXPECT_TRUE(ready.has_value());
    co_await used.close();
    co_await used.close();
  };
  this->loop_->run(watcher(*this->loop_, sockets));
}

// ---- Sleep

TYPED_TEST(OperationTest, SleepEndsAtItsMomentOrAtAStop) {
  const auto sleeper = [](Loop& loop) -> Task<void> {
    const Instant moment = loop.now() + milliseconds(3);
    EXPECT_TRUE(co_await (Sleep{loop, moment}));
    EXPECT_GE(loop.now(), moment);
    StopSource stop;
    Scope scope;
    const auto stopped = [](Loop& in, StopToken token) -> Task<void> {
      EXPECT_FALSE(co_await (Sleep{in, in.now() + hours(1), token}));
      EXPECT_FALSE(co_await (Sleep{in, in.now() + hours(1), token}));
    };
    scope.spawn(stopped(loop, stop));
    stop.request_stop();
    co_await scope.join();
  };
  this->loop_->run(sleeper(*this->loop_));
  EXPECT_FALSE(this->loop_->timers().next().has_value());
}

// ---- Races that only the simulation can bring about at will

TEST(OperationRace, KeepsASuccessThatCameTogetherWithTheDeadline) {
  Dice dice{Seed{1}};
  SimClock clock;
  SimRing ring{dice, clock};
  Loop loop{ring, clock};
  SocketPair sockets;
  Error error{1};
  ring.faults.completes_anyway = 1;
  const auto racer = [](Loop& in, SocketPair& pair, Error& result) -> Task<void> {
    Scope scope;
    const Instant moment = in.now() + milliseconds(5);
    scope.spawn(receive_with(in, pair.ours.get(), {.deadline = moment}, result));
    EXPECT_TRUE(co_await (Sleep{in, moment}));
    pair.tell("x");  // after the cancel request, before the completion
    co_await scope.join();
  };
  loop.run(racer(loop, sockets, error));
  EXPECT_EQ(error, Error{});
}

}  // namespace
}  // namespace uflush
