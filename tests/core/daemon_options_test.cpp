#include "core/daemon_options.hpp"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Parsed {
  DaemonOptions options;
  std::string fatal;
};

/// Parses a command line that starts with `/usr/lib/postfix/sbin/flush`.
Parsed parse(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv{"/usr/lib/postfix/sbin/flush"};
  argv.insert(argv.end(), arguments);
  Parsed parsed;
  const OrFatal<void> outcome = parse_daemon_options(argv, parsed.options);
  if (!outcome) parsed.fatal = outcome.error().text;
  return parsed;
}

DaemonOptions options(std::initializer_list<const char*> arguments) {
  Parsed parsed = parse(arguments);
  EXPECT_EQ(parsed.fatal, "");
  return parsed.options;
}

std::vector<std::string> overrides(std::initializer_list<const char*> arguments) {
  std::vector<std::string> texts;
  for (const ConfigOverride& entry : options(arguments).overrides)
    texts.push_back(entry.name + "=" + entry.value);
  return texts;
}

std::string check_text(std::initializer_list<const char*> arguments) {
  const OrFatal<void> outcome = check_service_options(options(arguments));
  return outcome ? "" : outcome.error().text;
}

TEST(DaemonOptions, NameProcessAndServiceAfterTheProgram) {
  EXPECT_EQ(options({}).process_name, "flush");
  EXPECT_EQ(options({}).service_name, "flush");
  EXPECT_EQ(options({"-n", "other"}).process_name, "flush");
  EXPECT_EQ(options({"-n", "other"}).service_name, "other");
}

TEST(DaemonOptions, SurviveAnEmptyArgv) {
  DaemonOptions parsed;
  EXPECT_TRUE(parse_daemon_options({}, parsed));
  EXPECT_EQ(parsed.process_name, "uflush");
}

TEST(DaemonOptions, ReadWhatMasterComposes) {
  const DaemonOptions parsed = options({"-z", "-t", "unix", "-u", "-c", "-s", "2"});
  EXPECT_TRUE(parsed.process_limit_none);
  EXPECT_EQ(parsed.transport, "unix");
  EXPECT_TRUE(parsed.become_mail_owner);
  EXPECT_TRUE(parsed.chroot);
  EXPECT_EQ(parsed.socket_count, 2);
  EXPECT_FALSE(parsed.process_limit_one);
  EXPECT_FALSE(parsed.debugger);
}

TEST(DaemonOptions, HaveOneFlagPerLetter) {
  EXPECT_TRUE(options({"-c"}).chroot);
  EXPECT_TRUE(options({"-d"}).terminal_is_fine);
  EXPECT_TRUE(options({"-D"}).debugger);
  EXPECT_TRUE(options({"-l"}).process_limit_one);
  EXPECT_TRUE(options({"-S"}).serve_stdin);
  EXPECT_TRUE(options({"-u"}).become_mail_owner);
  EXPECT_TRUE(options({"-V"}).log_to_stderr);
  EXPECT_TRUE(options({"-z"}).process_limit_none);
  EXPECT_EQ(options({"-v"}).verbose, 1);
  EXPECT_EQ(options({"-vv", "-v"}).verbose, 3);
  const DaemonOptions none = options({});
  EXPECT_FALSE(none.chroot || none.terminal_is_fine || none.debugger || none.process_limit_one ||
               none.serve_stdin || none.become_mail_owner || none.log_to_stderr || none.process_limit_none);
}

TEST(DaemonOptions, MayBeClustered) {
  const DaemonOptions parsed = options({"-zt", "unix", "-uvs3"});
  EXPECT_TRUE(parsed.process_limit_none);
  EXPECT_EQ(parsed.transport, "unix");
  EXPECT_TRUE(parsed.become_mail_owner);
  EXPECT_EQ(parsed.verbose, 1);
  EXPECT_EQ(parsed.socket_count, 3);
  EXPECT_EQ(options({"-tunix"}).transport, "unix");
}

TEST(DaemonOptions, EndAtTheFirstPlainArgumentAndAtTwoDashes) {
  EXPECT_THAT(options({"-z", "foo", "-q"}).arguments, ElementsAre("foo", "-q"));
  EXPECT_THAT(options({"-z", "--", "-q"}).arguments, ElementsAre("-q"));
  EXPECT_THAT(options({"-z", "-", "-v"}).arguments, ElementsAre("-", "-v"));
  EXPECT_THAT(options({"-z", ""}).arguments, ElementsAre(""));
  EXPECT_THAT(options({"-z", "--"}).arguments, IsEmpty());
}

TEST(DaemonOptions, RememberLeftOverArgumentsForTheFirstClient) {
  EXPECT_EQ(unexpected_argument_text(options({"-z", "foo", "bar"})), "unexpected command-line argument: foo");
  EXPECT_EQ(unexpected_argument_text(options({"-z"})), std::nullopt);
}

TEST(DaemonOptions, OverrideParametersInTheirOrder) {
  EXPECT_THAT(overrides({"-o", "max_use = 5", "-m", "7", "-i", "5x", "-oa=b=c"}),
              ElementsAre("max_use=5", "max_use=7", "max_idle=5x", "a=b=c"));
}

TEST(DaemonOptions, RefuseOverridesWithoutNameOrEqualSign) {
  EXPECT_EQ(parse({"-o", "foo"}).fatal, "invalid \"-o foo\" option value: missing '=' after attribute name");
  EXPECT_EQ(parse({"-o", "=x"}).fatal, "invalid \"-o =x\" option value: missing attribute name");
  EXPECT_EQ(parse({"-o", ""}).fatal, "invalid \"-o \" option value: missing attribute name");
  EXPECT_EQ(parse({"-o", "{ a = b }"}).fatal,
            "invalid \"-o { a = b }\" option value: missing '=' after attribute name");
}

TEST(DaemonOptions, RefuseUnknownLettersAndMissingValuesAlike) {
  EXPECT_EQ(parse({"-x"}).fatal, "invalid option: x");
  EXPECT_EQ(parse({"-zq"}).fatal, "invalid option: q");
  EXPECT_EQ(parse({"-:"}).fatal, "invalid option: :");
  EXPECT_EQ(parse({"-?"}).fatal, "invalid option: ?");
  EXPECT_EQ(parse({"--unknown"}).fatal, "invalid option: -");
  for (const char letter : {'i', 'm', 'n', 'o', 'r', 's', 't'})
    EXPECT_EQ(parse({(std::string("-z") + letter).c_str()}).fatal, std::string("invalid option: ") + letter);
}

TEST(DaemonOptions, CountSocketsTheWayAtoiDoes) {
  EXPECT_EQ(options({"-s", "1x"}).socket_count, 1);
  EXPECT_EQ(options({"-s", " 12"}).socket_count, 12);
  EXPECT_EQ(options({"-s", "4294967297"}).socket_count, 1);
  EXPECT_EQ(parse({"-s", "0"}).fatal, "invalid socket_count: 0");
  EXPECT_EQ(parse({"-s", "-1"}).fatal, "invalid socket_count: -1");
  EXPECT_EQ(parse({"-s", "x"}).fatal, "invalid socket_count: x");
  EXPECT_EQ(parse({"-s", ""}).fatal, "invalid socket_count: ");
}

TEST(DaemonOptions, AcceptARetirementTimeAndForgetIt) {
  EXPECT_EQ(parse({"-r", "5x"}).fatal, "");
  EXPECT_EQ(parse({"-r", "0"}).fatal, "invalid retirement time: 0");
  EXPECT_EQ(parse({"-r", "x"}).fatal, "invalid retirement time: x");
}

TEST(DaemonOptions, KeepWhatCameBeforeAMistake) {
  const Parsed parsed = parse({"-zV", "-q", "-v"});
  EXPECT_EQ(parsed.fatal, "invalid option: q");
  EXPECT_TRUE(parsed.options.log_to_stderr);
  EXPECT_EQ(parsed.options.verbose, 0);
}

TEST(DaemonOptions, KnowLongOnesOfOurOwn) {
  EXPECT_EQ(options({"--standalone", "/queue"}).standalone_directory, "/queue");
  EXPECT_EQ(options({"--standalone=/queue", "-v"}).standalone_directory, "/queue");
  EXPECT_EQ(parse({"--standalone"}).fatal, "option --standalone needs a directory");
  EXPECT_TRUE(options({"--version"}).show_version);
  EXPECT_TRUE(options({"--help"}).show_help);
}

TEST(DaemonOptions, NeedAProcessLimitThenATransport) {
  EXPECT_EQ(check_text({"-n", "foo"}), "service foo requires a process limit of 0");
  EXPECT_EQ(check_text({"-t", "fifo"}), "service flush requires a process limit of 0");
  EXPECT_EQ(check_text({"-z"}), "no transport type specified");
  EXPECT_EQ(check_text({"-z", "-t", "fifo"}), "unsupported transport type: fifo");
  EXPECT_EQ(check_text({"-z", "-t", ""}), "unsupported transport type: ");
}

TEST(DaemonOptions, AllowEveryTransportOfTheReferenceInAnyCase) {
  for (const char* transport : {"unix", "UNIX", "inet", "Pass"})
    EXPECT_EQ(check_text({"-z", "-t", transport}), "") << transport;
}

TEST(DaemonOptions, AreFineWithAProcessLimitOfOneUnlikeTheReference) {
  EXPECT_EQ(check_text({"-l", "-t", "unix"}), "");
}

TEST(DaemonOptions, TellWhetherClientsComeAsDescriptors) {
  EXPECT_TRUE(descriptors_are_passed(options({"-z", "-t", "PASS"})));
  EXPECT_FALSE(descriptors_are_passed(options({"-z", "-t", "unix"})));
  EXPECT_FALSE(descriptors_are_passed(options({"-z"})));
}

}  // namespace
}  // namespace uflush
