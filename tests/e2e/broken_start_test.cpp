/// A flush daemon that cannot start does not stop mail, and is back as soon as it is mended.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/private_postfix.hpp"

namespace uflush::support {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int messages = 40;
/// Far below the minute that master(8) would stop the service for.
constexpr milliseconds soon = 10s;

/// Replaces `from`, which is there once, in a file of the configuration.
void edit(const PrivatePostfix& postfix, const std::string& file, const std::string& from,
          const std::string& to) {
  const std::string path = postfix.config_directory() + file;
  std::string text = read_file(path);
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << text;
  write_file(path, text.replace(at, from.size(), to));
}

/// `postqueue -s`, and how long it took.
Output flush_by_postqueue(const PrivatePostfix& postfix) {
  const auto begin = std::chrono::steady_clock::now();
  Output output = postfix.command({"postqueue", "-s", eligible_one});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, soon);
  return output;
}

/// Mail is deferred all the same, and those who ask are told at once that it does not work.
void expect_mail_to_go_on(const PrivatePostfix& postfix) {
  postfix.inject(eligible_one, messages);
  postfix.wait_until_settled();
  EXPECT_THAT(postfix.ids_for(eligible_one), SizeIs(messages));
  EXPECT_THAT(postfix.queue().ids_in("active"), IsEmpty());
  EXPECT_THAT(postfix.log_lines_with(": flush service failure"), SizeIs(messages));
  const Output refused = flush_by_postqueue(postfix);
  EXPECT_EQ(refused.exit.status, 69);
  EXPECT_EQ(refused.err, "postqueue: fatal: Cannot flush mail queue - mail system is down\n");
  EXPECT_THAT(postfix.log_lines_with("bad command startup"), IsEmpty());
}

/// `postqueue -s` works within seconds: the first one may still meet the process that cannot.
void expect_flush_to_work_soon(const PrivatePostfix& postfix) {
  const auto works = [&] { return flush_by_postqueue(postfix).exit.status == 0; };
  EXPECT_TRUE(wait_until({postfix.queue().path("flush"), postfix.config_directory()}, works, soon));
  postfix.inject(eligible_two, 1);
  postfix.wait_until_settled();
  EXPECT_THAT(postfix.queue().log_lines("two_example"), SizeIs(1));
}

class BrokenFlush : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon stops mail";
  }
};

TEST_P(BrokenFlush, DefersMailAndComesBackWhenMainCfIsMended) {
  const PrivatePostfix postfix{
      {.flush_chroot = GetParam(), .main_cf = {{"fast_flush_refresh_time", "twelve"}}}};
  postfix.start();
  expect_mail_to_go_on(postfix);
  edit(postfix, "/main.cf", "fast_flush_refresh_time = twelve", "fast_flush_refresh_time = 12h");
  EXPECT_TRUE(postfix.wait_for_flush_to_end(soon));
  expect_flush_to_work_soon(postfix);
}

TEST_P(BrokenFlush, DefersMailAndComesBackWhenMasterCfIsMended) {
  for (const std::string bad :
       {"-o max_use=x", "-x", "-o mail_owner=nobody-knows", "-o queue_directory=/none"}) {
    SCOPED_TRACE(bad);
    const PrivatePostfix postfix{{.flush_arguments = bad, .flush_chroot = GetParam()}};
    postfix.start();
    expect_mail_to_go_on(postfix);
    edit(postfix, "/master.cf", bad, "");
    postfix.reload();
    expect_flush_to_work_soon(postfix);
  }
}

TEST_P(BrokenFlush, DefersMailUnderAProcessLimitThatItCannotHave) {
  const PrivatePostfix postfix{{.flush_chroot = GetParam(), .flush_process_limit = 5}};
  postfix.start();
  expect_mail_to_go_on(postfix);
  EXPECT_THAT(postfix.flush_pids(), SizeIs(1));
}

TEST_P(BrokenFlush, DefersMailWithATableThatCannotBeOpened) {
  const PrivatePostfix postfix{
      {.flush_arguments = "-o fast_flush_domains=hash:/none -o daemon_table_open_error_is_fatal=yes",
       .flush_chroot = GetParam()}};
  postfix.start();
  expect_mail_to_go_on(postfix);
}

TEST_P(BrokenFlush, IsNotBrokenByABadParameterOfOurs) {
  const PrivatePostfix postfix{{.flush_arguments = "-o uflush_backend=bad", .flush_chroot = GetParam()}};
  postfix.start();
  postfix.inject(eligible_one, messages);
  postfix.wait_until_settled();
  EXPECT_THAT(postfix.queue().log_lines("one_example"), SizeIs(messages));
  EXPECT_EQ(flush_by_postqueue(postfix).exit.status, 0);
  EXPECT_THAT(
      postfix.log_lines_with("master.cf, option -o: parameter uflush_backend: unrecognized value: bad"),
      Not(IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(Chroot, BrokenFlush, ::testing::Bool(),
                         [](const auto& chroot) { return chroot.param ? "InAChroot" : "OutsideOfAChroot"; });

}  // namespace
}  // namespace uflush::support
