#include "tools/flushctl/command_line.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace uflush {
namespace {

OrUsageError<Invocation> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "flushctl");
  return parse_command_line(arguments);
}

std::string complaint(std::vector<const char*> arguments) {
  const auto parsed = parse(std::move(arguments));
  return parsed ? "none" : parsed.error().text;
}

TEST(FlushctlCommandLine, HasACommandWithItsOperandsBehindTheOptions) {
  const auto parsed = parse({"-c", "/etc/postfix-out", "-t", "7", "-q", "add", "example.com", "ABC"});
  ASSERT_TRUE(parsed);
  const Invocation& invocation = parsed.value();
  EXPECT_EQ(invocation.action, Action::add);
  EXPECT_EQ(invocation.site, "example.com");
  EXPECT_EQ(invocation.queue_id, "ABC");
  EXPECT_EQ(invocation.config_directory, "/etc/postfix-out");
  EXPECT_EQ(invocation.timeout, std::chrono::seconds{7});
  EXPECT_TRUE(invocation.quiet);
}

TEST(FlushctlCommandLine, TakesAnOperandThatLooksLikeAnOption) {
  const auto parsed = parse({"--", "send-site", "-c"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed.value().site, "-c");
  EXPECT_FALSE(parsed.value().config_directory);
}

TEST(FlushctlCommandLine, SaysWhatIsWrong) {
  EXPECT_EQ(complaint({}), "no command given");
  EXPECT_EQ(complaint({"flush"}), "unknown command: flush");
  EXPECT_EQ(complaint({"-x", "ping"}), "unknown option: -x");
  EXPECT_EQ(complaint({"--socket"}), "option --socket needs a value");
  EXPECT_EQ(complaint({"add", "example.com"}), "add needs QUEUE_ID");
  EXPECT_EQ(complaint({"send-site"}), "send-site needs SITE");
  EXPECT_EQ(complaint({"purge", "all"}), "one argument too many: all");
  for (const char* bad : {"0", "-1", "1x", "", "10000000"})
    EXPECT_EQ(complaint({"-t", bad, "ping"}), std::string("not a number of seconds: ") + bad);
}

TEST(FlushctlCommandLine, LooksNoFurtherWhenHelpIsWanted) {
  const auto parsed = parse({"--help", "nonsense"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed.value().action, Action::show_help);
}

}  // namespace
}  // namespace uflush
