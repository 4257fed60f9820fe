// Descriptors that come with a byte: exactly one is wanted, and whatever else comes must not stay open.
#include "io/passed_descriptor.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace uflush {
namespace {

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

class PassedDescriptor : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    sender_.reset(ends[0]);
    receiver_.reset(ends[1]);
    passed_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(passed_);
    before_ = open_descriptors();
  }

  /// One byte with `count` descriptors.
  void send(std::size_t count) const {
    const std::vector<int> descriptors(count, passed_.get());
    std::vector<char> control(CMSG_SPACE(count * sizeof(int)));
    char byte = 'x';
    iovec part{.iov_base = &byte, .iov_len = 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (count > 0) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(count * sizeof(int));
      std::memcpy(CMSG_DATA(header), descriptors.data(), count * sizeof(int));
    }
    ASSERT_EQ(::sendmsg(sender_.get(), &message, 0), 1);
  }
  void expect_refusal(int error) const {
    {
      const Result<Fd> received = receive_descriptor(receiver_.get());
      ASSERT_FALSE(received);
      EXPECT_EQ(received.error().number, error);
    }
    EXPECT_EQ(open_descriptors(), before_);
  }

  Fd sender_;
  Fd receiver_;
  Fd passed_;
  std::ptrdiff_t before_ = 0;
};

TEST_F(PassedDescriptor, IsTakenAndClosedOnExec) {
  send(1);
  const Result<Fd> received = receive_descriptor(receiver_.get());
  ASSERT_TRUE(received);
  EXPECT_EQ(open_descriptors(), before_ + 1);
  EXPECT_EQ(::fcntl(received.value().get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(PassedDescriptor, MustBeTheOnlyOneAndTheOthersDoNotStayOpen) {
  for (const std::size_t count : {2U, 3U, 64U, 253U}) {
    SCOPED_TRACE(count);
    send(count);
    expect_refusal(EPROTO);
  }
}

TEST_F(PassedDescriptor, IsFoundBehindOtherControlMessages) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(receiver_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  ASSERT_EQ(::setsockopt(receiver_.get(), SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on), 0);
  send(1);
  EXPECT_TRUE(receive_descriptor(receiver_.get()));
  EXPECT_EQ(open_descriptors(), before_);
  send(2);
  expect_refusal(EPROTO);
}

TEST_F(PassedDescriptor, IsMissingFromAByteWithoutOne) {
  send(0);
  expect_refusal(EPROTO);
}

TEST_F(PassedDescriptor, IsNotThereYet) {
  expect_refusal(EAGAIN);
}

TEST_F(PassedDescriptor, DoesNotComeAfterTheEnd) {
  sender_.reset();
  before_ = open_descriptors();
  expect_refusal(ECONNRESET);
}

TEST_F(PassedDescriptor, IsRefusedWithItsCauseWhenThereIsNoNumberForIt) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = ::dup(passed_.get());
  ASSERT_EQ(::close(lowest_free), 0);
  // Room for one more, for none: the kernel cuts the list of descriptors short.
  for (const int room : {1, 0}) {
    send(2);
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(lowest_free + room);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    const Result<Fd> received = receive_descriptor(receiver_.get());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().number, EMFILE);
    EXPECT_EQ(open_descriptors(), before_);
  }
}

}  // namespace
}  // namespace uflush
