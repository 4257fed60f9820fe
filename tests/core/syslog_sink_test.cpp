#include "core/syslog_sink.hpp"

#include <array>
#include <cstdlib>
#include <ctime>
#include <memory>
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
#include "tests/support/log_socket.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::MatchesRegex;
using testing::Optional;
using testing::StartsWith;

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

// But for the time, which may differ by a second.
TEST(SyslogSink, PreparesTheBytesThatTheCLibraryWouldSend) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a child its own /dev/log";
  support::TempDir directory;
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
  support::TempDir directory;
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

/// Both in one child: the bytes of syslog(3), and ours.
TEST(SyslogSink, SendsTheBytesOfTheCLibrary) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a child its own /dev/log";
  for (const int facility : {LOG_KERN, LOG_MAIL, LOG_AUTHPRIV, LOG_LOCAL7}) {
    support::TempDir directory;
    ::mkdir(directory.path("dev").c_str(), 0755);
    DatagramSocket syslogd(directory.path("dev/log"));
    ASSERT_EQ(
        with_own_dev_log(directory,
                         [facility] {
                           openlog("postfix/flush", LOG_NDELAY | LOG_PID, facility);
                           syslog(LOG_WARNING, "%s", "warning: 100% \xc3\xa9");
                           SyslogSink("postfix/flush", facility).write(Severity::warning, "100% \xc3\xa9");
                         }),
        0);
    const auto without_time = [](std::string record) {
      const std::size_t head = record.find('>') + 1;
      return record.erase(head, std::string_view("Nov  2 11:26:50").size());
    };
    const std::string theirs = without_time(syslogd.receive().value_or("nothing"));
    EXPECT_EQ(without_time(syslogd.receive().value_or("nothing")), theirs);
  }
}

TEST(SyslogSink, WritesTheTimeAsTheCLibraryDoes) {
  support::TempDir directory;
  DatagramSocket syslogd(directory.path("log"));
  SyslogSink sink("x", LOG_MAIL, directory.path("log"));
  const auto now = [] {
    std::array<char, 32> text{};
    const std::time_t time = std::time(nullptr);
    std::strftime(text.data(), text.size(), "<22>%b %e %T ", std::localtime(&time));
    return std::string(text.data());
  };
  const std::string before = now();
  sink.write(Severity::info, "y");
  const std::string record = syslogd.receive().value_or("nothing");
  EXPECT_THAT(record, AnyOf(StartsWith(before), StartsWith(now())));
}

TEST(SyslogSink, FindsARestartedSyslogdWithTheSameRecord) {
  support::TempDir directory;
  auto syslogd = std::make_unique<DatagramSocket>(directory.path("log"));
  SyslogSink sink("x", LOG_MAIL, directory.path("log"));
  syslogd = std::make_unique<DatagramSocket>(directory.path("log"));
  sink.write(Severity::info, "still here");
  EXPECT_THAT(syslogd->receive(), Optional(EndsWith(": still here")));
}

TEST(SyslogSink, NeverWaitsForASyslogdThatStandsStill) {
  support::TempDir directory;
  DatagramSocket syslogd(directory.path("log"));
  SyslogSink sink("x", LOG_MAIL, directory.path("log"));
  int kept = 0;
  while (sink.waiting() < SyslogSink::waiting_max) sink.write(Severity::info, std::to_string(kept++));
  sink.write(Severity::info, "lost");
  for (int i = 0; i < kept; ++i) {
    (void)sink.flush();
    EXPECT_THAT(syslogd.receive(), Optional(EndsWith(std::string("]: ").append(std::to_string(i)))));
  }
  EXPECT_TRUE(sink.flush());
  EXPECT_THAT(syslogd.receive(),
              Optional(EndsWith("warning: 1 log records lost: syslogd did not take them")));
}

/// A syslogd with a stream socket, as some are. Each record ends with a NUL.
class StreamSyslogd {
 public:
  explicit StreamSyslogd(const std::string& path)
      : listener_((::unlink(path.c_str()), support::bind_unix_socket(path, SOCK_STREAM))) {
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
  }

  /// The texts of all complete records so far.
  std::vector<std::string> take() {
    if (!peer_.is_open())
      peer_ = support::OwnedFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 4096> piece{};
    for (ssize_t n = 0; (n = ::recv(peer_.get(), piece.data(), piece.size(), MSG_DONTWAIT)) > 0;)
      pending_.append(piece.data(), static_cast<std::size_t>(n));
    std::vector<std::string> texts;
    for (std::size_t end = 0; (end = pending_.find('\0')) != std::string::npos; pending_.erase(0, end + 1))
      texts.push_back(support::record_text(pending_.substr(0, end)));
    return texts;
  }
  void hang_up() { peer_.reset(); }

 private:
  support::OwnedFd listener_;
  support::OwnedFd peer_;
  std::string pending_;
};

TEST(SyslogSink, MakesDoWithAStreamSocket) {
  support::TempDir directory;
  StreamSyslogd syslogd(directory.path("log"));
  SyslogSink sink("x", LOG_MAIL, directory.path("log"));
  sink.write(Severity::info, "one");
  sink.write(Severity::warning, "two");
  EXPECT_THAT(syslogd.take(), ElementsAre("one", "warning: two"));
  syslogd.hang_up();
  sink.write(Severity::info, "three");
  EXPECT_THAT(syslogd.take(), ElementsAre("three"));
}

TEST(SyslogSink, NeverCutsARecordInAFullStream) {
  support::TempDir directory;
  StreamSyslogd syslogd(directory.path("log"));
  SyslogSink sink("x", LOG_MAIL, directory.path("log"));
  std::vector<std::string> written;
  while (sink.waiting() < 10) {
    written.push_back(std::to_string(written.size()) + std::string(1990, 'x'));
    sink.write(Severity::info, written.back());
  }
  std::vector<std::string> read;
  while (read.size() < written.size()) {
    const std::vector<std::string> more = syslogd.take();
    ASSERT_FALSE(more.empty());
    read.insert(read.end(), more.begin(), more.end());
    (void)sink.flush();
  }
  EXPECT_EQ(read, written);
}

TEST(SyslogSink, GoesBackToDatagramsWhenTheNextSyslogdHasThem) {
  support::TempDir directory;
  auto streaming = std::make_unique<StreamSyslogd>(directory.path("log"));
  SyslogSink sink("x", LOG_MAIL, directory.path("log"));
  sink.write(Severity::info, "one");
  streaming.reset();
  DatagramSocket syslogd(directory.path("log"));
  sink.write(Severity::info, "two");
  EXPECT_THAT(syslogd.receive(), Optional(EndsWith(": two")));  // without a NUL
}

TEST(SyslogSink, KeepsRecordsWhileThereIsNoSyslogd) {
  support::TempDir directory;
  SyslogSink sink("x", LOG_MAIL, directory.path("log"));
  sink.write(Severity::info, "early");
  EXPECT_FALSE(sink.flush_within(std::chrono::hours(1)));
  DatagramSocket syslogd(directory.path("log"));
  EXPECT_TRUE(sink.flush());
  EXPECT_THAT(syslogd.receive(), Optional(EndsWith(": early")));
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
