// What the portable ring does for its ops: all at once, in order, to the end.
#include "io/epoll_ring.hpp"

#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "tests/io/epoll_backend.hpp"

namespace uflush {
namespace {

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
  Op one(op::Send{sockets.ours.get(), as_bytes("one,")});
  Op two(op::Send{sockets.ours.get(), as_bytes("two.")});
  ring().submit(one);
  ring().submit(two);
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(sockets.drain(), "");
  EXPECT_EQ(turn().size(), 2U);
  EXPECT_EQ(sockets.drain(), "one,two.");
}

TEST_F(EpollRingTest, NeverPutsWhatIsPostedAheadOfWhatWaits) {
  FullSocket sockets;
  Op send(op::Send{sockets.ours.get(), as_bytes("one,")});
  ring().submit(send);
  sockets.drain();
  ring().post_send(sockets.ours.get(), as_bytes("lost"));
  EXPECT_TRUE(completes(send));
  EXPECT_EQ(sockets.drain(), "one,");
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
  ring().submit(send);
  EXPECT_TRUE(turn().empty());
  sockets.peer.reset();
  EXPECT_TRUE(completes(send));
  EXPECT_EQ(send.result, -EPIPE);
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

TEST_F(EpollRingTest, AcceptsUntilTheBacklogIsEmpty) {
  const Listener listener;
  EXPECT_EQ(ring().accept(listener.get()).error(), Error{EAGAIN});
  const Fd client = std::move(ring().unix_socket()).value();
  Op connect(op::Connect{client.get(), listener.address()});
  ring().submit(connect);
  EXPECT_TRUE(completes(connect));
  EXPECT_TRUE(ring().accept(listener.get()).has_value());
  EXPECT_EQ(ring().accept(listener.get()).error(), Error{EAGAIN});
}

}  // namespace
}  // namespace uflush
