// A kernel that does not take what it is handed, for a while: io_uring_submit_and_get_events() is this file's
// own (--wrap).
#include <cerrno>
#include <ctime>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "tests/io/backends.hpp"

namespace {

int refusals_left = 0;
int calls = 0;
int refusal = 0;

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker asks for
extern "C" int __real_io_uring_submit_and_get_events(io_uring* ring);
extern "C" int __wrap_io_uring_submit_and_get_events(io_uring* ring) {
  ++calls;
  if (refusals_left > 0) {
    --refusals_left;
    return refusal;
  }
  return __real_io_uring_submit_and_get_events(ring);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace uflush {
namespace {

using std::chrono::milliseconds;

class Refusal : public BackendTest<UringBackend>, public testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    BackendTest::SetUp();
    calls = 0;
    refusal = GetParam();
  }
  void TearDown() override { refusals_left = 0; }
};
INSTANTIATE_TEST_SUITE_P(Errors, Refusal, testing::Values(-EAGAIN, -EBUSY, -EINTR));

// More than the submission queue holds; in their order in spite of all.
TEST_P(Refusal, LosesNothingAndKeepsTheOrder) {
  refusals_left = 20;
  std::vector<SocketPair> sockets(300);
  const Fd event{::eventfd(1, EFD_CLOEXEC)};
  std::vector<std::unique_ptr<Op>> ops;
  for (SocketPair& pair : sockets) {
    backend_->ring().post_send(pair.ours.get(), as_bytes("one,"));
    ops.push_back(std::make_unique<Op>(op::Poll{event.get(), POLLIN}));
    backend_->ring().submit(*ops.back());
    backend_->ring().post_send(pair.ours.get(), as_bytes("two."));
    backend_->ring().post_close(std::move(pair.ours));
  }
  std::vector<Op*> completed;
  while (completed.size() < ops.size()) backend_->ring().turn(std::nullopt, completed);
  for (const auto& op : ops) EXPECT_EQ(op->result, POLLIN);
  for (const SocketPair& pair : sockets) {
    std::array<char, 16> buffer{};
    ASSERT_EQ(::recv(pair.peer.get(), buffer.data(), buffer.size(), MSG_DONTWAIT), 8);
    EXPECT_EQ(std::string_view(buffer.data(), 8), "one,two.");
    EXPECT_EQ(::recv(pair.peer.get(), buffer.data(), buffer.size(), MSG_DONTWAIT), 0);
  }
}

// Timers go on, and so does everything that needs no ring: the daemon hears of its end, say.
TEST_P(Refusal, ThatStaysNeitherStopsTheLoopNorKeepsItBusy) {
  refusals_left = 1'000'000;
  const auto processor_time = [] { return std::clock() * 1000 / CLOCKS_PER_SEC; };
  const std::clock_t before = processor_time();
  SocketPair sockets;
  const auto sleeper = [](Loop& loop, int fd) -> Task<void> {
    for (int i = 0; i < 300; ++i) loop.ring().post_send(fd, as_bytes("x"));
    EXPECT_TRUE(co_await (Sleep{loop, loop.now() + milliseconds(100)}));
  };
  loop_->run(sleeper(*loop_, sockets.ours.get()));
  EXPECT_LT(processor_time() - before, 50);
  EXPECT_LT(calls, 200);
  EXPECT_GT(calls, 3);
}

TEST_P(Refusal, ThatStaysUntilTheEndLosesNoOp) {
  refusals_left = 1'000'000;
  SocketPair sockets;
  std::array<std::byte, 8> buffer;
  Op recv(op::Recv{sockets.ours.get(), buffer});
  backend_->ring().submit(recv);
  std::vector<Op*> completed;
  backend_->ring().turn(backend_->clock().now() + milliseconds(5), completed);
  EXPECT_TRUE(completed.empty());
  backend_->ring().cancel(recv);
  backend_->ring().turn(Instant::min(), completed);
  EXPECT_TRUE(completed.empty());
  refusals_left = 0;
  while (completed.empty()) backend_->ring().turn(std::nullopt, completed);
  EXPECT_EQ(recv.result, -ECANCELED);
}

}  // namespace
}  // namespace uflush
