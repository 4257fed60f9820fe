#include "core/master_channel.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/fd.hpp"
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

  /// Fills the socket with records of another process; returns how many.
  int fill() const {
    const MasterStatusBytes record = encode_master_status(1, 17, MasterStatus::available);
    int count = 0;
    while (::send(ends_[1], record.data(), record.size(), MSG_DONTWAIT) == 12) ++count;
    EXPECT_EQ(errno, EAGAIN);
    return count;
  }
  void take(int records) const {
    for (int i = 0; i < records; ++i) (void)read_record();
  }
  /// "T" and "A" for each record of ours that is there.
  std::string statuses() const {
    std::string found;
    MasterStatusBytes record{};
    while (::recv(ends_[0], record.data(), record.size(), MSG_DONTWAIT) == 12)
      found += record == encode_master_status(9894, 17, MasterStatus::taken)       ? 'T'
               : record == encode_master_status(9894, 17, MasterStatus::available) ? 'A'
                                                                                   : '?';
    return found;
  }

  std::array<int, 2> ends_{-1, -1};
  void (*old_sigpipe_)(int) = std::signal(SIGPIPE, SIG_IGN);
};

TEST_F(MasterChannelTest, ReportsTakenAndAvailableWithPidAndGeneration) {
  MasterChannel channel(ends_[1], 17, 9894);
  channel.report_taken();
  EXPECT_EQ(read_record(), encode_master_status(9894, 17, MasterStatus::taken));
  EXPECT_TRUE(channel.report_available());
  EXPECT_EQ(read_record(), encode_master_status(9894, 17, MasterStatus::available));
}

TEST_F(MasterChannelTest, TellsThatMasterIsGoneOnlyWhenItReportsAvailable) {
  MasterChannel channel(ends_[1], 1, 1);
  hang_up();
  channel.report_taken();
  const Result<void> reported = channel.report_available();
  ASSERT_FALSE(reported);
  EXPECT_EQ(reported.error(), Error{EPIPE});
}

TEST_F(MasterChannelTest, DoesNotWaitForAMasterThatStandsStill) {
  MasterChannel channel(ends_[1], 17, 9894);
  const int before = fill();
  channel.report_taken();
  EXPECT_TRUE(channel.report_available());
  EXPECT_EQ(channel.waiting(), 2U);
  EXPECT_TRUE(channel.send_waiting());
  EXPECT_EQ(channel.waiting(), 2U);
  take(before);
  EXPECT_TRUE(channel.send_waiting());
  EXPECT_EQ(channel.waiting(), 0U);
  EXPECT_EQ(statuses(), "TA");
}

TEST_F(MasterChannelTest, SendsWhatWaitsBeforeTheNextRecord) {
  MasterChannel channel(ends_[1], 17, 9894);
  const int before = fill();
  channel.report_taken();
  take(before);
  EXPECT_TRUE(channel.report_available());
  EXPECT_EQ(statuses(), "TA");
}

TEST_F(MasterChannelTest, KeepsOnlyWhatMakesADifferenceToMaster) {
  MasterChannel channel(ends_[1], 17, 9894);
  const int before = fill();
  channel.report_taken();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(channel.report_available());
    EXPECT_TRUE(channel.report_available());
    channel.report_taken();
  }
  EXPECT_EQ(channel.waiting(), 1U);
  EXPECT_TRUE(channel.report_available());
  take(before);
  EXPECT_TRUE(channel.send_waiting());
  EXPECT_EQ(statuses(), "TA");
}

TEST_F(MasterChannelTest, TellsThatMasterHasGoneWithRecordsWaiting) {
  MasterChannel channel(ends_[1], 17, 9894);
  (void)fill();
  EXPECT_TRUE(channel.report_available());
  hang_up();
  const Result<void> sent = channel.send_waiting();
  ASSERT_FALSE(sent);
  EXPECT_EQ(channel.waiting(), 0U);
}

TEST_F(MasterChannelTest, LeavesTheFlagsOfTheSharedDescriptorAlone) {
  MasterChannel channel(ends_[1], 17, 9894);
  (void)fill();
  channel.report_taken();
  EXPECT_EQ(::fcntl(ends_[1], F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(MasterChannelTest, WritesToAPipeAsWell) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const Fd reader(pipe[0]);
  const Fd writer(pipe[1]);
  EXPECT_TRUE(MasterChannel(writer.get(), 17, 9894).report_available());
  MasterStatusBytes record{};
  EXPECT_EQ(::read(reader.get(), record.data(), record.size()), 12);
  EXPECT_EQ(record, encode_master_status(9894, 17, MasterStatus::available));
}

}  // namespace
}  // namespace uflush
