#include "core/postlog_sink.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/core/datagram_socket.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Optional;

class PostlogSinkTest : public testing::Test {
 protected:
  std::string socket_path() const { return directory_.path("postlog"); }

  /// Fills the kernel's queue and the sink's; returns how many records that took.
  static int fill(PostlogSink& sink) {
    int written = 0;
    while (sink.waiting() < PostlogSink::waiting_max) sink.write(Severity::info, std::to_string(written++));
    return written;
  }

  support::TempDir directory_;
};

TEST_F(PostlogSinkTest, SendsOneDatagramPerRecordInPostfixFormat) {
  DatagramSocket postlogd(socket_path());
  PostlogSink sink(socket_path(), "relay.example.com", "postfix/flush");
  sink.write(Severity::warning, "unexpected attribute foo");
  EXPECT_THAT(postlogd.receive(),
              Optional(MatchesRegex("[A-Z][a-z][a-z] [0-3][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] relay "
                                    "postfix/flush.[0-9]+.: warning: unexpected attribute foo")));
  sink.write(Severity::info, "process generation: 17 (17)");
  EXPECT_THAT(postlogd.receive(),
              Optional(EndsWith(fmt::format("[{}]: process generation: 17 (17)", ::getpid()))));
}

TEST_F(PostlogSinkTest, CallsAHostWithoutANameAmnesiac) {
  DatagramSocket postlogd(socket_path());
  PostlogSink sink(socket_path(), "", "postfix/flush");
  sink.write(Severity::info, "x");
  EXPECT_THAT(postlogd.receive(), Optional(HasSubstr(" amnesiac postfix/flush[")));
}

TEST_F(PostlogSinkTest, KeepsRecordsUntilPostlogdHasStarted) {
  PostlogSink sink(socket_path(), "relay", "postfix/flush");
  sink.write(Severity::info, "first");
  EXPECT_EQ(sink.waiting(), 1u);
  DatagramSocket postlogd(socket_path());
  sink.write(Severity::info, "second");
  EXPECT_THAT(postlogd.receive(), Optional(EndsWith(": first")));
  EXPECT_THAT(postlogd.receive(), Optional(EndsWith(": second")));
  EXPECT_EQ(sink.waiting(), 0u);
}

TEST_F(PostlogSinkTest, FindsARestartedPostlogdWithTheSameRecord) {
  auto postlogd = std::make_unique<DatagramSocket>(socket_path());
  PostlogSink sink(socket_path(), "relay", "postfix/flush");
  postlogd.reset();
  postlogd = std::make_unique<DatagramSocket>(socket_path());
  sink.write(Severity::info, "still here");
  EXPECT_THAT(postlogd->receive(), Optional(EndsWith(": still here")));
}

TEST_F(PostlogSinkTest, ReconnectsThroughTheNewPathAfterChroot) {
  PostlogSink sink(directory_.path("nowhere"), "relay", "postfix/flush");
  DatagramSocket postlogd(socket_path());
  sink.set_path(socket_path());
  sink.write(Severity::info, "here");
  EXPECT_THAT(postlogd.receive(), Optional(EndsWith(": here")));
}

TEST_F(PostlogSinkTest, NeverBlocksAndReportsHowManyRecordsItLostInTheirPlace) {
  DatagramSocket postlogd(socket_path());
  PostlogSink sink(socket_path(), "relay", "postfix/flush");
  const int kept = fill(sink);
  for (int i = 0; i < 5; ++i) sink.write(Severity::info, "lost");
  for (int i = 0; i < kept; ++i) {
    (void)sink.flush();
    EXPECT_THAT(postlogd.receive(), Optional(EndsWith(std::string("]: ").append(std::to_string(i)))));
  }
  EXPECT_TRUE(sink.flush());
  EXPECT_THAT(postlogd.receive(),
              Optional(EndsWith("warning: 5 log records lost: postlogd did not take them")));
  EXPECT_EQ(postlogd.receive(), std::nullopt);
}

TEST_F(PostlogSinkTest, ReportsALossBeforeTheFirstRecordThatFindsRoomAgain) {
  DatagramSocket postlogd(socket_path());
  PostlogSink sink(socket_path(), "relay", "postfix/flush");
  const int kept = fill(sink);
  sink.write(Severity::info, "lost");
  EXPECT_TRUE(postlogd.receive());
  EXPECT_TRUE(postlogd.receive());
  sink.write(Severity::info, "after");  // two have left the queue: room for the report and for this one
  EXPECT_EQ(sink.waiting(), PostlogSink::waiting_max);
  for (int i = 2; i < kept; ++i) {
    EXPECT_TRUE(postlogd.receive());
    (void)sink.flush();
  }
  EXPECT_THAT(postlogd.receive(), Optional(HasSubstr("1 log records lost")));
  EXPECT_THAT(postlogd.receive(), Optional(EndsWith("]: after")));
}

TEST_F(PostlogSinkTest, GivesUpWaitingForADeafPostlogdInTheEnd) {
  DatagramSocket postlogd(socket_path());
  PostlogSink sink(socket_path(), "relay", "postfix/flush");
  fill(sink);
  EXPECT_FALSE(sink.flush_within(std::chrono::milliseconds(1)));
}

TEST_F(PostlogSinkTest, WaitsForAPostlogdThatIsSlow) {
  DatagramSocket postlogd(socket_path());
  PostlogSink sink(socket_path(), "relay", "postfix/flush");
  const int kept = fill(sink);
  int read = 0;
  std::thread reader([&] {
    while (read < kept && postlogd.receive(10'000)) ++read;
  });
  EXPECT_TRUE(sink.flush_within(std::chrono::seconds(60)));
  reader.join();
  EXPECT_EQ(read, kept);
}

TEST_F(PostlogSinkTest, DoesNotWaitForAPostlogdThatIsNotThere) {
  PostlogSink sink(socket_path(), "relay", "postfix/flush");
  sink.write(Severity::fatal, "last words");
  EXPECT_FALSE(sink.flush_within(std::chrono::hours(1)));
}

TEST_F(PostlogSinkTest, SurvivesAPathThatNoSocketAddressCanHold) {
  PostlogSink sink(std::string(200, 'x'), "relay", "postfix/flush");
  sink.write(Severity::info, "x");
  EXPECT_EQ(sink.waiting(), 1u);
}

TEST_F(PostlogSinkTest, TakesNoStreamSocket) {
  const support::OwnedFd stranger = support::bind_unix_socket(socket_path(), SOCK_STREAM);
  ASSERT_EQ(::listen(stranger.get(), 1), 0);
  PostlogSink sink(socket_path(), "relay", "postfix/flush");
  sink.write(Severity::info, "x");
  EXPECT_EQ(sink.waiting(), 1u);
}

}  // namespace
}  // namespace uflush
