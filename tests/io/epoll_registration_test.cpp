// What epoll is told, and what it says: about numbers that are used again, edges, files that it does not
// take.
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "io/epoll_ring.hpp"
#include "tests/io/epoll_backend.hpp"

namespace uflush {
namespace {

using std::chrono::milliseconds;

class EpollRegistration : public EpollRingTest {};

// ---- Numbers that are used again

TEST_F(EpollRegistration, AsksAnewWhenItsDescriptorWasClosedBehindItsBack) {
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

TEST_F(EpollRegistration, HearsNothingOfAFileThatHadTheNumberBefore) {
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

TEST_F(EpollRegistration, EndsTheEdgesOfAMultishotPollThatIsCancelled) {
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

TEST_F(EpollRegistration, GoesOnForOthersWhenAMultishotPollIsCancelled) {
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

TEST_F(EpollRegistration, TellsOfWhatIsThereNextToAMultishotPollThatHasTold) {
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

TEST_F(EpollRegistration, TakesAPlainFileForAlwaysReady) {
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

}  // namespace
}  // namespace uflush
