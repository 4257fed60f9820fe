// What only the kernel's ring can show: limits of its queues, on a real kernel.
#include "io/uring_ring.hpp"

#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "tests/io/backends.hpp"

namespace uflush {
namespace {

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
    EXPECT_EQ(::write(fd, &one, sizeof one), 8);  // all of them complete at once: the queue overflows
    co_await scope.join();
  };
  loop_->run(crowd(*loop_, ring(), event.get(), count, readable, cancelled));
  EXPECT_EQ(readable, count);
  EXPECT_EQ(cancelled, 0U);
  EXPECT_EQ(ring().in_kernel(), 0U);
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
