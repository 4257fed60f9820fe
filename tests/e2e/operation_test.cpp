/// What an operator does with postfix(1), and what must be true of the spool afterwards.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/private_postfix.hpp"

namespace uflush::support {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;

TEST(Operation, CheckStaysSilentBeforeTheFirstStartAndWithMailInTheQueue) {
  if (!tested_daemon_options().empty()) GTEST_SKIP() << "postconf(1) calls parameters of ours unused";
  const PrivatePostfix postfix;
  EXPECT_EQ(postfix.postfix("check").exit.status, 0);
  postfix.start();
  postfix.inject(eligible_one, 2);
  postfix.wait_until_settled();
  const std::string before = postfix.log();
  const Output checked = postfix.postfix("check");
  EXPECT_EQ(checked.exit.status, 0);
  EXPECT_EQ(checked.out + checked.err, "");
  EXPECT_EQ(postfix.log(), before);
  EXPECT_THAT(postfix.complaints(), IsEmpty());
}

TEST(Operation, StatusStartStopAndAbortTellTheTruth) {
  const PrivatePostfix postfix;
  EXPECT_EQ(postfix.postfix("status").exit.status, 1);
  for (const char* end : {"stop", "abort"}) {
    postfix.start();
    EXPECT_EQ(postfix.postfix("status").exit.status, 0);
    EXPECT_EQ(postfix.postfix("start").exit.status, 1);
    postfix.inject(eligible_one, 2);
    postfix.wait_until_settled();
    const std::vector<pid_t> daemons = postfix.flush_pids();
    EXPECT_THAT(daemons, Contains(::testing::Gt(0)));
    EXPECT_EQ(postfix.postfix(end).exit.status, 0);
    EXPECT_TRUE(postfix.wait_for_flush_to_end());
    EXPECT_EQ(postfix.postfix("status").exit.status, 1);
    EXPECT_THAT(postfix.queue().inconsistencies(), IsEmpty());
    EXPECT_THAT(postfix.queue().log_lines("one_example"), SizeIs(postfix.queue().ids_in("deferred").size()));
  }
  EXPECT_THAT(postfix.complaints(), IsEmpty());
}

/// Ends the mail system in the middle of its work, and starts it again.
void interrupt_with(const char* end) {
  const PrivatePostfix postfix;
  postfix.start();
  std::thread sender([&] { postfix.try_inject(eligible_one, 200); });
  EXPECT_TRUE(wait_until(
      {postfix.queue().path("active")}, [&] { return postfix.queue().ids_in("deferred").size() >= 20; },
      60s));
  EXPECT_EQ(postfix.postfix(end).exit.status, 0);
  sender.join();
  EXPECT_TRUE(postfix.wait_for_flush_to_end());
  EXPECT_THAT(postfix.queue().inconsistencies(), IsEmpty());

  // Master may outlive its children by a moment, and a second one does not start beside it.
  const auto is_down = [&] { return postfix.postfix("status").exit.status == 1; };
  EXPECT_TRUE(wait_until({postfix.queue().path("pid")}, is_down, 30s));
  postfix.start();
  postfix.inject(eligible_one, 1);
  postfix.wait_until_settled();
  std::vector<std::string> expected = postfix.ids_for(eligible_one);
  const auto unanswered = [&](const std::string& id) {
    return !postfix.log_lines_with(" " + id + ": flush service failure").empty();
  };
  expected.erase(std::remove_if(expected.begin(), expected.end(), unanswered), expected.end());
  EXPECT_THAT(postfix.queue().log_lines("one_example"), IsSupersetOf(expected));
  EXPECT_THAT(postfix.queue().inconsistencies(), IsEmpty());
}

TEST(Operation, StopInTheMiddleOfDeferralsLeavesAConsistentSpool) {
  interrupt_with("stop");
}

TEST(Operation, AbortInTheMiddleOfDeferralsLeavesAConsistentSpool) {
  interrupt_with("abort");
}

}  // namespace
}  // namespace uflush::support
