/// What stops the daemon from starting, in the reference's words: one log line, exit status 1
/// (BEHAVIOUR.md 1.2, 1.3, 6).
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compat/starts.hpp"

namespace uflush::support {
namespace {

void remove_main_cf(const Spool& spool) {
  std::filesystem::remove(spool.config_directory() + "/main.cf");
}

void put_into_main_cf(const Spool& spool, const std::string& line) {
  const std::string name = spool.config_directory() + "/main.cf";
  write_main_cf(spool.config_directory(), {});
  write_file(name, "queue_directory = " + spool.queue().path() +
                       "\nmaillog_file = /var/log/none\ncompatibility_level = 3.6\n" + line + "\n");
  const auto then = std::filesystem::file_time_type::clock::now() - std::chrono::seconds(10);
  std::filesystem::last_write_time(name, then);
}

std::vector<Start> bad_arguments() {
  const std::string no_value = R"(fatal: invalid "-o foo" option value: missing '=' after attribute name)";
  return {
      {"without -z",
       "fatal: service flush requires a process limit of 0",
       {"-n", "flush", "-t", "unix", "-u"}},
      {"without -t", "fatal: no transport type specified", {"-z", "-u"}},
      {"fifo", "fatal: unsupported transport type: fifo", {"-z", "-t", "fifo", "-u"}},
      {"unknown option", "fatal: invalid option: x", {"-z", "-t", "unix", "-u", "-x"}},
      {"-o without value", no_value, {"-z", "-t", "unix", "-u", "-o", "foo"}},
      {"-m text",
       "fatal: bad numerical configuration: max_use = bad",
       {"-z", "-t", "unix", "-u", "-m", "bad"}},
      {"-m 0", "fatal: invalid max_use parameter value 0 < 1", {"-z", "-t", "unix", "-u", "-m", "0"}},
      {"-i unit",
       "fatal: parameter max_idle: bad time value or unit: 5x",
       {"-z", "-t", "unix", "-u", "-i", "5x"}},
      {"-i 0", "fatal: invalid max_idle: 0 (min 1)", {"-z", "-t", "unix", "-u", "-i", "0"}},
      {"-s 0", "fatal: invalid socket_count: 0", {"-z", "-t", "unix", "-u", "-s", "0"}},
  };
}

std::vector<Start> bad_parameters() {
  const Arguments usual = usual_arguments;
  return {
      {"refresh time",
       "fatal: parameter fast_flush_refresh_time: bad time value or unit: x",
       usual,
       {{"fast_flush_refresh_time", "x"}}},
      {"purge time",
       "fatal: invalid fast_flush_purge_time: 0 (min 1)",
       usual,
       {{"fast_flush_purge_time", "0"}}},
      {"hash depth",
       "fatal: bad numerical configuration: hash_queue_depth = deep",
       usual,
       {{"hash_queue_depth", "deep"}}},
      {"boolean",
       "fatal: bad boolean configuration: smtputf8_enable = maybe",
       usual,
       {{"smtputf8_enable", "maybe"}}},
      {"empty", "fatal: bad string length 0 < 1: mail_owner = ", usual, {{"mail_owner", ""}}},
      {"level", "fatal: malformed compatibility level syntax: \"x\"", usual, {{"compatibility_level", "x"}}},
      {"owner",
       "fatal: file @config/main.cf: parameter mail_owner: unknown user name value: nobody-knows",
       usual,
       {{"mail_owner", "nobody-knows"}}},
      {"pattern", "fatal: fast_flush_domains: no pattern after '!'", usual, {{"fast_flush_domains", "!"}}},
      {"maillog",
       "fatal: maillog_file value '/nowhere/log' does not match any prefix in maillog_file_prefixes",
       usual,
       {{"maillog_file", "/nowhere/log"}}},
  };
}

std::vector<Start> bad_surroundings() {
  const Arguments usual = usual_arguments;
  return {
      {"no main.cf", "fatal: open @config/main.cf: No such file or directory", usual, {}, {}, remove_main_cf},
      {"no equals sign",
       "fatal: @config/main.cf, line 4: missing '=' after attribute name: \"some words\"",
       usual,
       {},
       {},
       [](const Spool& spool) { put_into_main_cf(spool, "some words"); }},
      {"endless macro",
       "fatal: dictionary mail_dict: macro processing error",
       usual,
       {{"fast_flush_domains", "${relay_domains"}}},
      {"generation", "fatal: bad generation: 1x", usual, {}, {"GENERATION=1x"}},
  };
}

TEST(Startup, RefusesBadArgumentsInTheReferencesWords) {
  expect_fatal(bad_arguments());
}

TEST(Startup, RefusesBadParametersInTheReferencesWords) {
  expect_fatal(bad_parameters());
}

TEST(Startup, RefusesBadSurroundingsInTheReferencesWords) {
  expect_fatal(bad_surroundings());
}

// The record goes to a logger below the missing directory, so only the copy on stderr (-V) can be seen.
TEST(Startup, NamesTheMissingQueueDirectory) {
  const Spool spool{{{"queue_directory", "/nonexistent/queue"}, {"uflush_answer_when_broken", "no"}}};
  const std::string err = spool.config_directory() + "/stderr";
  MasterStandIn master{spool, {.arguments = {"-V"}, .stderr_path = err}};
  const std::optional<Exit> exit = master.spawn().wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 1);
  EXPECT_EQ(read_file(err), "postfix/" + tested_daemon_name() +
                                ": fatal: chdir(\"/nonexistent/queue\"): No such file or directory\n");
}

// The reference sleeps for a second, for the sake of a master(8) that would start it again at once; it waits
// by itself.
TEST(Startup, EndsRightBehindItsLastRecord) {
  const Attempt attempt({"without -t", "", {"-z", "-u"}});
  ASSERT_TRUE(attempt.log.wait_for("fatal: "));
  EXPECT_EQ(attempt.child->wait(900ms).has_value(), !testing_the_stock_daemon());
}

TEST(Startup, WorksInAChrootWithTheMailOwnersRights) {
  const Spool spool;
  const LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool, {.chroot = true}};
  master.supervise();
  EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
  EXPECT_EQ(spool.queue().logfile("example_com"), "ABC\n");
  const std::vector<Entry> logs = spool.queue().list("flush");
  ASSERT_EQ(logs.size(), 1U);
  EXPECT_EQ(logs[0].uid, mail_owner().uid);
  EXPECT_EQ(logs[0].gid, mail_owner().gid);
  EXPECT_EQ(logs[0].mode & 07777, 0600U);
  EXPECT_THAT(log.texts(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace uflush::support
