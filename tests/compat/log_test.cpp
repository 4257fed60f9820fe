/// Log records to the byte (BEHAVIOUR.md 7).
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"

namespace uflush::support {
namespace {

using ::testing::MatchesRegex;

/// What the log makes of the name of an attribute.
std::string logged_as(const std::string& name, const Parameters& main_cf) {
  const Spool spool{main_cf};
  LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool};
  master.spawn();
  std::string request = name;
  request.append(1, '\0').append("value").append(2, '\0');
  EXPECT_EQ(master.connect().ask(request).status(), status_bad);
  EXPECT_TRUE(log.wait_for("unexpected attribute "));
  return log.texts().front();
}

std::string complaint(const std::string& name) {
  return "warning: unexpected attribute " + name + " from flush socket (expecting: request)";
}

TEST(Record, HasQuestionMarksForWhatIsNoText) {
  EXPECT_EQ(logged_as("a\x01\tb\x7f\r\nc", {}), complaint("a??b???c"));
  const std::string umlaut = "gr\xc3\xbcn\xe2\x82\xac";
  EXPECT_EQ(logged_as(umlaut, {{"smtputf8_enable", "yes"}}), complaint(umlaut));
  EXPECT_EQ(logged_as(umlaut, {{"smtputf8_enable", "no"}}), complaint("gr??n???"));
  EXPECT_EQ(logged_as("abc\xff\xc1\x80", {{"smtputf8_enable", "yes"}}), complaint("abc???"));
}

TEST(Record, EndsAfterTwoThousandBytesBehindTheSeverity) {
  const std::string text = logged_as(std::string(5000, 'x'), {});
  EXPECT_EQ(text, complaint(std::string(5000, 'x')).substr(0, std::string("warning: ").size() + 2000));
}

TEST(Record, HasTimeHostTagAndProcess) {
  const Spool spool{{{"myhostname", "mail.example.org"}, {"multi_instance_name", "postfix-two"}}};
  LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool, {.service = "other"}};
  const pid_t pid = master.spawn().pid();
  EXPECT_EQ(master.connect().ask(bytes("foo\0bar\0\0")).status(), status_bad);
  ASSERT_TRUE(log.wait_for("unexpected attribute foo from other socket"));
  EXPECT_THAT(log.records().front(),
              MatchesRegex("[A-Z][a-z][a-z] [0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] mail postfix-two/" +
                           tested_daemon_name() + "\\[" + std::to_string(pid) +
                           "\\]: warning: unexpected attribute foo from other socket .expecting: request."));
}

}  // namespace
}  // namespace uflush::support
