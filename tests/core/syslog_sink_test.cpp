#include "core/syslog_sink.hpp"

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "core/stderr_sink.hpp"
#include "tests/core/datagram_socket.hpp"
#include "tests/core/in_child.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

using testing::MatchesRegex;
using testing::Optional;

/// Runs `body` in a child whose /dev/log is `directory`/dev/log.
template <typename Body>
int with_own_dev_log(const support::TempDir& directory, Body body) {
  return in_child([&] {
    if (::chroot(directory.path().c_str()) != 0 || ::chdir("/") != 0) return 99;
    body();
    return 0;
  });
}

TEST(SyslogSink, WritesPriorityTimeTagPidAndSeverityWord) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a child its own /dev/log";
  support::TempDir directory;
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

TEST(SyslogSink, UsesTheFacilityItWasGiven) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a child its own /dev/log";
  support::TempDir directory;
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
