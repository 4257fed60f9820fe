/// Reloads and crashes while mail is being deferred: nothing that was promised is lost.
#include <algorithm>
#include <csignal>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/private_postfix.hpp"

namespace uflush::support {
namespace {

using ::testing::ContainerEq;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int messages = 600;

std::set<std::string> as_set(const std::vector<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

/// Sends the messages in the background and, each time another fifth of them has been deferred, disturbs.
template <typename Disturb>
void defer_while(const PrivatePostfix& postfix, Disturb disturb) {
  std::thread sender([&] { postfix.inject(eligible_one, messages); });
  for (std::size_t fifth = 1; fifth < 5; ++fifth) {
    const auto reached = [&] { return postfix.queue().ids_in("deferred").size() >= fifth * messages / 5; };
    EXPECT_TRUE(wait_until({postfix.queue().path("active")}, reached, 60s));
    disturb();
  }
  sender.join();
  postfix.wait_until_settled();
}

/// Ids for which a delivery agent has logged that the flush service did not answer OK.
std::set<std::string> unanswered(const PrivatePostfix& postfix) {
  std::set<std::string> ids;
  for (const std::string& line : postfix.log_lines_with(": flush service failure")) {
    const std::size_t end = line.find(": flush service failure");
    const std::size_t start = line.rfind(' ', end) + 1;
    ids.insert(line.substr(start, end - start));
  }
  return ids;
}

/// For a failure: what the log says about the messages that are in one set only.
std::string what_happened_to_the_others(const PrivatePostfix& postfix, const std::set<std::string>& some,
                                        const std::set<std::string>& others) {
  std::vector<std::string> ids;
  std::set_symmetric_difference(some.begin(), some.end(), others.begin(), others.end(),
                                std::back_inserter(ids));
  std::string story;
  for (const std::string& id : ids)
    for (const std::string& line : postfix.log_lines_with(id)) story += line + '\n';
  return story;
}

TEST(Reload, FourTimesWhileMailIsDeferredLosesNothingAndLogsNothing) {
  const PrivatePostfix postfix;
  postfix.start();
  defer_while(postfix, [&] { postfix.reload(); });
  const std::set<std::string> deferred = as_set(postfix.ids_for(eligible_one));
  EXPECT_THAT(deferred, SizeIs(messages));
  // A queue manager puts aside what an agent of the one before it still delivers; that agent adds it in the
  // end. Lines are no measure: a message that is deferred twice has two.
  const auto logged_ids = [&] { return as_set(postfix.queue().log_lines("one_example")); };
  EXPECT_TRUE(wait_until({postfix.queue().path("flush")}, [&] { return logged_ids().size() >= messages; }));
  const std::set<std::string> logged = logged_ids();
  EXPECT_THAT(logged, ContainerEq(deferred)) << what_happened_to_the_others(postfix, deferred, logged);
  EXPECT_THAT(unanswered(postfix), IsEmpty());
  EXPECT_THAT(postfix.complaints(), IsEmpty());
  EXPECT_THAT(postfix.queue().inconsistencies(), IsEmpty());
}

TEST(Crash, BySigkillLosesNoAddThatWasAnsweredAndMasterStartsTheDaemonAnew) {
  // Should a kill hit a process before its first status report, master(8) waits that long.
  const PrivatePostfix postfix{{.main_cf = {{"service_throttle_time", "1s"}}}};
  postfix.start();
  std::size_t kills = 0;
  defer_while(postfix, [&] {
    const std::vector<pid_t> pids = postfix.flush_pids();
    if (!pids.empty() && ::kill(pids.front(), SIGKILL) == 0) ++kills;
  });
  EXPECT_GE(kills, 1U);
  std::set<std::string> expected = as_set(postfix.ids_for(eligible_one));
  EXPECT_THAT(expected, SizeIs(messages));
  for (const std::string& id : unanswered(postfix)) expected.erase(id);
  const std::set<std::string> logged = as_set(postfix.queue().log_lines("one_example"));
  EXPECT_TRUE(std::includes(logged.begin(), logged.end(), expected.begin(), expected.end()));
  EXPECT_GE(expected.size(), messages * 9U / 10);
  EXPECT_THAT(postfix.log_lines_with("killed by signal 9"), SizeIs(kills));
  EXPECT_THAT(postfix.queue().inconsistencies(), IsEmpty());

  const SmtpSink sink{postfix.address_of(eligible_one)};
  EXPECT_EQ(postfix.command({"postqueue", "-s", eligible_one}).exit.status, 0);
  EXPECT_TRUE(sink.wait_for(logged.size(), 60s));
  EXPECT_EQ(postfix.queue().logfile("one_example"), "");
}

}  // namespace
}  // namespace uflush::support
