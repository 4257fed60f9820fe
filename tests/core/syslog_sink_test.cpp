#include "core/syslog_sink.hpp"

#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "core/log_time.hpp"
#include "core/stderr_sink.hpp"
#include "tests/core/datagram_socket.hpp"
#include "tests/core/in_child.hpp"
#include "tests/core/temp_directory.hpp"

namespace uflush {
namespace {

using testing::MatchesRegex;
using testing::Optional;

/// Runs `body` in a child whose /dev/log is `directory`/dev/log.
template <typename Body>
int with_own_dev_log(const TempDirectory& directory, Body body) {
  return in_child([&] {
    if (::chroot(directory.path().c_str()) != 0 || ::chdir("/") != 0) return 99;
    body();
    return 0;
  });
}

TEST(SyslogSink, WritesPriorityTimeTagPidAndSeverityWord) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a child its own /dev/log";
  TempDirectory directory;
  ::mkdir(directory.path("dev").c_str(), 0755);
  DatagramSocket syslogd(directory.path("dev/log"));
  ASSERT_EQ(with_own_dev_log(directory,
                             [] {
                               SyslogSink sink("postfix/flush", LOG_MAIL);
                               sink.write(Severity::warning, "100% sure");
                               sink.write(Severity::fatal, "gone");
                               sink.write(Severity::info, "plain");
                             }),
            0);
  const std::string head = "[A-Z][a-z][a-z] [ 0-3][0-9] [0-9:]+ postfix/flush.[0-9]+.: ";
  EXPECT_THAT(syslogd.receive(), Optional(MatchesRegex("<20>" + head + "warning: 100% sure")));
  EXPECT_THAT(syslogd.receive(), Optional(MatchesRegex("<18>" + head + "fatal: gone")));
  EXPECT_THAT(syslogd.receive(), Optional(MatchesRegex("<22>" + head + "plain")));
}

// But for the time, which may differ by a second.
TEST(SyslogSink, PreparesTheBytesThatTheCLibraryWouldSend) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a child its own /dev/log";
  TempDirectory directory;
  ::mkdir(directory.path("dev").c_str(), 0755);
  DatagramSocket syslogd(directory.path("dev/log"));
  ASSERT_EQ(with_own_dev_log(directory,
                             [] {
                               SyslogSink sink("postfix/flush", LOG_LOCAL3);
                               const std::vector<PreparedRecord> records =
                                   sink.prepare(Severity::fatal, "watchdog timeout", std::time(nullptr));
                               for (const PreparedRecord& each : records)
                                 ::send(each.fd, each.bytes.data(), each.bytes.size(), 0);
                               sink.write(Severity::fatal, "watchdog timeout");
                             }),
            0);
  const auto ours = syslogd.receive();
  const auto theirs = syslogd.receive();
  ASSERT_TRUE(ours && theirs);
  constexpr std::size_t time_end = 20;  // `<154>Nov 25 00:40:00`
  EXPECT_EQ(ours->substr(time_end), theirs->substr(time_end));
  EXPECT_EQ(ours->substr(0, 5), theirs->substr(0, 5));
  EXPECT_THAT(*ours,
              MatchesRegex("<154>[A-Z][a-z][a-z] [ 0-3][0-9] [0-9:]+ postfix/flush.[0-9]+.: fatal: watchdog "
                           "timeout"));
}

TEST(SyslogSink, PreparesNothingWithoutASystemLog) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a child its own /dev/log";
  TempDirectory directory;
  EXPECT_EQ(in_child([&] {
              if (::chroot(directory.path().c_str()) != 0) return 99;
              return SyslogSink("x", LOG_MAIL).prepare(Severity::fatal, "x", 0).empty() ? 0 : 1;
            }),
            0);
}

// What syslog and Postfix's logger disagree about.
TEST(LogTime, PadsTheDay) {
  constexpr std::time_t second_of_november = 1793620800;  // 2026, at noon in UTC
  std::tm local{};
  localtime_r(&second_of_november, &local);
  const std::string zero = log_time(second_of_november, LogDay::padded_with_zero);
  const std::string blank = log_time(second_of_november, LogDay::padded_with_blank);
  EXPECT_EQ(zero.size(), 15U);
  EXPECT_EQ(zero.substr(6), blank.substr(6));
  EXPECT_EQ(zero.substr(4, 2), fmt::format("{:02}", local.tm_mday));
  EXPECT_EQ(blank.substr(4, 2), fmt::format("{:2}", local.tm_mday));
}

TEST(SyslogSink, UsesTheFacilityItWasGiven) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a child its own /dev/log";
  TempDirectory directory;
  ::mkdir(directory.path("dev").c_str(), 0755);
  DatagramSocket syslogd(directory.path("dev/log"));
  ASSERT_EQ(with_own_dev_log(directory, [] { SyslogSink("x", LOG_LOCAL3).write(Severity::error, "e"); }), 0);
  EXPECT_THAT(syslogd.receive(), Optional(MatchesRegex("<155>.*error: e")));
}

TEST(SyslogSink, MapsSeveritiesToTheLevelsOfPostfix) {
  EXPECT_EQ(syslog_level(Severity::info), LOG_INFO);
  EXPECT_EQ(syslog_level(Severity::warning), LOG_WARNING);
  EXPECT_EQ(syslog_level(Severity::error), LOG_ERR);
  EXPECT_EQ(syslog_level(Severity::fatal), LOG_CRIT);
  EXPECT_EQ(syslog_level(Severity::panic), LOG_CRIT);
}

TEST(StderrSink, WritesTagSeverityAndText) {
  testing::internal::CaptureStderr();
  StderrSink sink("postfix/flush");
  sink.write(Severity::fatal, "invalid option: q");
  sink.write(Severity::info, "running: true");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "postfix/flush: fatal: invalid option: q\npostfix/flush: running: true\n");
}

}  // namespace
}  // namespace uflush
