#include "core/master_channel.hpp"

#include <array>
#include <csignal>
#include <cstring>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/master_status.hpp"

namespace uflush {
namespace {

class MasterChannelTest : public testing::Test {
 protected:
  MasterChannelTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0); }
  ~MasterChannelTest() override {
    hang_up();
    ::close(ends_[1]);
    std::signal(SIGPIPE, old_sigpipe_);
  }

  void hang_up() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }

  MasterStatusBytes read_record() const {
    MasterStatusBytes record{};
    EXPECT_EQ(::read(ends_[0], record.data(), record.size()), 12);
    return record;
  }

  std::array<int, 2> ends_{-1, -1};
  void (*old_sigpipe_)(int) = std::signal(SIGPIPE, SIG_IGN);
};

TEST_F(MasterChannelTest, ReportsTakenAndAvailableWithPidAndGeneration) {
  const MasterChannel channel(ends_[1], 17, 9894);
  channel.report_taken();
  EXPECT_EQ(read_record(), encode_master_status(9894, 17, MasterStatus::taken));
  EXPECT_TRUE(channel.report_available());
  EXPECT_EQ(read_record(), encode_master_status(9894, 17, MasterStatus::available));
}

TEST_F(MasterChannelTest, TellsThatMasterIsGoneOnlyWhenItReportsAvailable) {
  const MasterChannel channel(ends_[1], 1, 1);
  hang_up();
  channel.report_taken();
  const Result<void> reported = channel.report_available();
  ASSERT_FALSE(reported);
  EXPECT_EQ(reported.error(), Error{EPIPE});
}

}  // namespace
}  // namespace uflush
