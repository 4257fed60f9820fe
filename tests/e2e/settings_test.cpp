/// The daemon in every place that master.cf and main.cf may put it.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/private_postfix.hpp"

namespace uflush::support {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

/// Defers two messages and flushes them.
void defer_and_flush(const PrivatePostfix& postfix) {
  postfix.start();
  postfix.inject(eligible_one, 2);
  postfix.wait_until_settled();
  EXPECT_THAT(postfix.queue().log_lines("one_example"), SizeIs(2));
  const SmtpSink sink{postfix.address_of(eligible_one)};
  EXPECT_EQ(postfix.command({"postqueue", "-s", eligible_one}).exit.status, 0);
  EXPECT_TRUE(sink.wait_for(2));
  EXPECT_EQ(postfix.queue().logfile("one_example"), "");
}

TEST(Settings, WorksInAChroot) {
  const PrivatePostfix postfix{{.flush_chroot = true}};
  defer_and_flush(postfix);
  EXPECT_THAT(postfix.complaints(), IsEmpty());
}

TEST(Settings, WorksOutsideOfAChroot) {
  const PrivatePostfix postfix{{.flush_chroot = false}};
  defer_and_flush(postfix);
  EXPECT_THAT(postfix.complaints(), IsEmpty());
}

TEST(Settings, WorksAsTheOnlyProcessOfItsService) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon insists on process limit 0";
  for (const bool chroot : {false, true}) {
    const PrivatePostfix postfix{{.flush_chroot = chroot, .flush_process_limit = 1}};
    defer_and_flush(postfix);
    EXPECT_THAT(postfix.complaints(), IsEmpty());
    EXPECT_THAT(postfix.flush_pids(), SizeIs(1));
  }
}

TEST(Settings, WorksOnThePortableBackend) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "a parameter of ours";
  for (const bool chroot : {false, true}) {
    const PrivatePostfix postfix{
        {.flush_arguments = "-o uflush_backend=portable -o uflush_durability=sync", .flush_chroot = chroot}};
    defer_and_flush(postfix);
    EXPECT_THAT(postfix.complaints(), IsEmpty());
  }
}

TEST(Settings, IsTalkativeWithMinusVAndKeepsItsNameInTheLog) {
  const PrivatePostfix postfix{
      {.flush_arguments = "-v -o syslog_name=postfix/$service_name", .flush_chroot = true}};
  defer_and_flush(postfix);
  EXPECT_THAT(postfix.log(), HasSubstr("postfix/flush/" + tested_daemon_name() + "["));
  for (const char* trouble : {"]: error: ", "]: fatal: ", "]: panic: "})
    EXPECT_THAT(postfix.log_lines_with(trouble), IsEmpty());
}

TEST(Settings, HashedLogfilesAreFoundAgain) {
  const PrivatePostfix postfix{
      {.main_cf = {{"hash_queue_names", "deferred, defer, flush"}, {"hash_queue_depth", "2"}}}};
  postfix.start();
  postfix.inject(eligible_one, 2);
  postfix.wait_until_settled();
  EXPECT_TRUE(postfix.queue().queue_file("flush/o/n", "one_example"));
  const SmtpSink sink{postfix.address_of(eligible_one)};
  EXPECT_EQ(postfix.command({"postqueue", "-s", eligible_one}).exit.status, 0);
  EXPECT_TRUE(sink.wait_for(2));
  EXPECT_THAT(postfix.complaints(), IsEmpty());
}

TEST(Settings, LogsToSyslogWhenThereIsNoMaillogFile) {
  if (run({"/usr/bin/unshare", "-m", "/bin/true"}).exit.status != 0)
    GTEST_SKIP() << "needs a mount namespace to put a socket on /dev/log: not permitted here";
  const TempDir top;
  const LogSocket syslog{top.path("log")};
  for (const bool chroot : {false, true}) {
    const PrivatePostfix postfix{
        {.flush_arguments = "-v", .flush_chroot = chroot, .syslog_socket = top.path("log")}};
    defer_and_flush(postfix);
    const std::string daemon = tested_daemon_name();
    ASSERT_TRUE(syslog.wait_for("postfix/" + daemon + "["));
    EXPECT_THAT(syslog.records(), Contains(MatchesRegex("<22>[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]{8} postfix/" +
                                                        daemon + "\\[[0-9]+\\]: .*")));
  }
}

}  // namespace
}  // namespace uflush::support
