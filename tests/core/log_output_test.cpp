#include "core/log_output.hpp"

#include <cstdlib>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "tests/core/datagram_socket.hpp"
#include "tests/core/in_child.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Optional;

/// Each test starts without the variables, and leaves none behind.
class LogOutputTest : public testing::Test {
 protected:
  LogOutputTest() { clear(); }
  ~LogOutputTest() override { clear(); }

  static void clear() {
    for (const char* name : {"MAIL_LOGTAG", "POSTLOG_SERVICE", "POSTLOG_HOSTNAME"}) unsetenv(name);
  }
  static std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "(unset)" : value;
  }
};

TEST_F(LogOutputTest, LogsToTheMailFacilityWhileNothingIsKnown) {
  const LogSettings settings = log_settings_from_environment("flush");
  EXPECT_EQ(settings.tag, "postfix/flush");
  EXPECT_EQ(settings.syslog_facility, LOG_MAIL);
  EXPECT_EQ(settings.postlog_path, "");
}

TEST_F(LogOutputTest, TakesTagAndPostlogSocketFromTheEnvironment) {
  setenv("MAIL_LOGTAG", "", 1);  // the reference takes an empty one literally
  EXPECT_EQ(log_settings_from_environment("flush").tag, "/flush");
  setenv("MAIL_LOGTAG", "abc", 1);
  setenv("POSTLOG_SERVICE", "/queue/public/postlog", 1);
  setenv("POSTLOG_HOSTNAME", "mx.example.com", 1);
  const LogSettings settings = log_settings_from_environment("flush");
  EXPECT_EQ(settings.tag, "abc/flush");
  EXPECT_EQ(settings.postlog_path, "/queue/public/postlog");
  EXPECT_EQ(settings.postlog_host, "mx.example.com");
}

TEST_F(LogOutputTest, GoesToPostlogdExactlyWhenMaillogFileIsSet) {
  setenv("POSTLOG_SERVICE", "/elsewhere", 1);
  Config config;
  config.process_name = "flush";
  config.queue_directory = "/queue";
  EXPECT_EQ(log_settings_from_config(config).postlog_path, "");
  config.maillog_file = "/var/log/maillog";
  EXPECT_EQ(log_settings_from_config(config).postlog_path, "/queue/public/postlog");
  EXPECT_EQ(log_settings_from_config(config).tag, "postfix/flush");
}

TEST_F(LogOutputTest, ExportsTheChoiceToPrograms) {
  Config config;
  config.syslog_name = "pf";
  config.queue_directory = "/queue";
  config.myhostname = "mx.example.com";
  config.maillog_file = "/var/log/maillog";
  export_log_settings(config);
  EXPECT_EQ(environment("MAIL_LOGTAG"), "pf");
  EXPECT_EQ(environment("POSTLOG_SERVICE"), "/queue/public/postlog");
  EXPECT_EQ(environment("POSTLOG_HOSTNAME"), "mx.example.com");
  config.maillog_file.clear();
  export_log_settings(config);
  EXPECT_EQ(environment("POSTLOG_SERVICE"), "(unset)");
  EXPECT_EQ(environment("POSTLOG_HOSTNAME"), "(unset)");
}

TEST_F(LogOutputTest, WantsMaillogFileToBeginWithAPrefix) {
  Config config;
  EXPECT_TRUE(check_maillog_file(config)) << "empty is fine";
  for (const char* fine : {"/var/log/maillog", "/dev/stdout", "/variable"}) {
    config.maillog_file = fine;
    EXPECT_TRUE(check_maillog_file(config)) << fine;
  }
  config.maillog_file = "/x";
  const OrFatal<void> outcome = check_maillog_file(config);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().text,
            "maillog_file value '/x' does not match any prefix in maillog_file_prefixes");
  config.maillog_file_prefixes = " , ,";
  EXPECT_FALSE(check_maillog_file(config));
}

TEST_F(LogOutputTest, WritesToStderrAsWellWhenAsked) {
  support::TempDir directory;
  DatagramSocket postlogd(directory.path("postlog"));
  LogSettings settings;
  settings.tag = "postfix/flush";
  settings.postlog_path = directory.path("postlog");
  settings.stderr_tag = "flush";
  LogOutput output(settings);
  testing::internal::CaptureStderr();
  output.write(Severity::fatal, "do not run this command by hand");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "flush: fatal: do not run this command by hand\n");
  EXPECT_THAT(postlogd.receive(), Optional(EndsWith("fatal: do not run this command by hand")));
}

TEST_F(LogOutputTest, MovesToOtherSettings) {
  support::TempDir directory;
  DatagramSocket first(directory.path("first"));
  DatagramSocket second(directory.path("second"));
  LogSettings settings;
  settings.tag = "abc/flush";
  settings.postlog_path = directory.path("first");
  LogOutput output(settings);
  settings.tag = "postfix/flush";
  settings.postlog_path = directory.path("second");
  output.reopen(settings);
  output.write(Severity::info, "x");
  EXPECT_EQ(first.receive(), std::nullopt);
  EXPECT_THAT(second.receive(), Optional(HasSubstr(" postfix/flush[")));
}

TEST_F(LogOutputTest, CanBeStderrAlone) {
  LogSettings settings;
  settings.to_system_log = false;
  settings.stderr_tag = "uflush";
  LogOutput output(settings);
  testing::internal::CaptureStderr();
  output.write(Severity::info, "hello");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "uflush: hello\n");
  EXPECT_TRUE(output.flush());
  EXPECT_EQ(output.waiting(), 0u);
}

TEST_F(LogOutputTest, CallsForHelpWhenTheLoggerDoesNotTakeARecord) {
  support::TempDir directory;
  LogSettings settings;
  settings.postlog_path = directory.path("postlog");
  LogOutput output(settings);
  int calls = 0;
  output.on_backlog([&] { ++calls; });
  output.write(Severity::info, "one");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(output.waiting(), 1U);
  EXPECT_FALSE(output.flush());
  DatagramSocket postlogd(directory.path("postlog"));
  EXPECT_TRUE(output.flush());
  EXPECT_EQ(output.waiting(), 0U);
  EXPECT_THAT(postlogd.receive(), Optional(EndsWith(": one")));
  output.write(Severity::info, "two");
  EXPECT_EQ(calls, 1);
}

TEST_F(LogOutputTest, LeavesNothingBehindWhenItMoves) {
  support::TempDir directory;
  LogSettings settings;
  settings.postlog_path = directory.path("first");
  LogOutput output(settings);
  output.write(Severity::info, "early");
  DatagramSocket first(directory.path("first"));
  settings.postlog_path = directory.path("second");
  output.reopen(settings);
  EXPECT_THAT(first.receive(), Optional(EndsWith(": early")));
}

TEST_F(LogOutputTest, FindsPostlogdBelowTheNewRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root for chroot(2)";
  support::TempDir directory;
  ::mkdir(directory.path("public").c_str(), 0755);
  Config config;
  config.maillog_file = "/var/log/maillog";
  config.queue_directory = directory.path();
  LogOutput output(log_settings_from_config(config));
  DatagramSocket postlogd(directory.path("public/postlog"));
  EXPECT_EQ(in_child([&] {
              if (::chroot(directory.path().c_str()) != 0) return 99;
              output.entered_queue_directory_root(config);
              output.write(Severity::info, "inside");
              return 0;
            }),
            0);
  EXPECT_THAT(postlogd.receive(), Optional(EndsWith(": inside")));
}

TEST_F(LogOutputTest, LooksForSyslogdWhereItAlwaysIs) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root for chroot(2)";
  support::TempDir directory;
  ::mkdir(directory.path("dev").c_str(), 0755);
  ::mkdir(directory.path("public").c_str(), 0755);
  EXPECT_EQ(in_child([&] {
              if (::chroot(directory.path().c_str()) != 0) return 99;
              const DatagramSocket postlogd("/public/postlog");
              auto syslogd = std::make_unique<DatagramSocket>("/dev/log");
              const Config config;
              LogOutput output(log_settings_from_config(config));
              output.entered_queue_directory_root(config);
              syslogd.reset();
              syslogd = std::make_unique<DatagramSocket>("/dev/log");
              output.write(Severity::info, "inside");
              return syslogd->receive() ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace uflush
