/// What a daemon that cannot start does for a minute: it answers FAIL, without any rights. The reference ends
/// at once (BEHAVIOUR.md 1.2, 1.7), so all of this is uflush's alone.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/compat/starts.hpp"

namespace uflush::support {
namespace {

namespace fs = std::filesystem;

using ::testing::SizeIs;

/// The number behind `Uid:` or `Gid:` in /proc/PID/status; the effective one.
unsigned effective_id(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(field)) continue;
    std::istringstream words(line.substr(field.size()));
    unsigned real = 0;
    unsigned effective = 0;
    words >> real >> effective;
    return effective;
  }
  return 0;
}

std::size_t count_fatal(const LogSocket& log) {
  const std::vector<std::string> texts = log.texts();
  return static_cast<std::size_t>(std::count_if(
      texts.begin(), texts.end(), [](const std::string& text) { return text.starts_with("fatal: "); }));
}

struct Broken {
  std::string title;
  Arguments arguments = usual_arguments;
  Parameters main_cf = {};
  std::function<void(const Spool&)> spoil = [](const Spool&) {};
  bool logs_to_us = true;  ///< not when the logger's socket is sought in another queue directory
  std::vector<std::string> environment = {};
};

void remove_main_cf(const Spool& spool) {
  fs::remove(spool.config_directory() + "/main.cf");
}

void append_to_main_cf(const Spool& spool, const std::string& text) {
  std::ofstream(spool.config_directory() + "/main.cf", std::ios::app) << text;
}

Arguments with(Arguments more) {
  Arguments all = usual_arguments;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<Broken> broken_starts() {
  return {
      {"process limit 5", {"-n", "flush", "-t", "unix", "-u"}},
      {"no transport", {"-z", "-u"}},
      {"unknown option", with({"-x"})},
      {"half an option", with({"-o", "foo"})},
      {"no sockets", with({"-s", "0"})},
      {"left-over argument", with({"foo"})},
      {"bad number in master.cf", with({"-o", "max_use=x"})},
      {"bad time in main.cf", usual_arguments, {{"max_idle", "5x"}}},
      {"endless macro", usual_arguments, {{"relay_domains", "${x"}}},
      {"no main.cf", usual_arguments, {}, remove_main_cf},
      {"line without equals sign",
       usual_arguments,
       {},
       [](const Spool& spool) { append_to_main_cf(spool, "foo\n"); }},
      {"unknown mail_owner", usual_arguments, {{"mail_owner", "nobody-knows"}}},
      {"root as mail_owner", usual_arguments, {{"mail_owner", "root"}}},
      {"no queue directory", usual_arguments, {{"queue_directory", "/nonexistent/queue"}}, {}, false},
      {"no queue directory, chroot", with({"-c"}), {{"queue_directory", "/nonexistent/queue"}}, {}, false},
      {"no generation", usual_arguments, {}, {}, true, {"GENERATION=1x"}},
      {"bad list", usual_arguments, {{"fast_flush_domains", "!"}}},
      {"bad list, chroot", with({"-c"}), {{"fast_flush_domains", "!"}}},
      {"bad list, unprivileged n", {"-z", "-t", "unix"}, {{"fast_flush_domains", "!"}}},
      {"missing table, fatal",
       with({"-c"}),
       {{"fast_flush_domains", "hash:/nonexistent/table"}, {"daemon_table_open_error_is_fatal", "yes"}}},
      {"log file in the wrong place", usual_arguments, {{"maillog_file", "/nowhere/log"}}},
  };
}

/// A broken start that answers.
class Answering {
 public:
  explicit Answering(const Broken& broken)
      : spool(broken.main_cf),
        log(spool.queue().path("public/postlog")),
        master(spool, {.all_arguments = broken.arguments, .environment = broken.environment}) {
    if (broken.spoil) broken.spoil(spool);
    child = &master.spawn();
  }

  Spool spool;
  LogSocket log;
  MasterStandIn master;
  ChildProcess* child = nullptr;
};

class BrokenStart : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "the reference ends at once";
  }
};

TEST_F(BrokenStart, AnswersFailToEverybodyWithoutRootsRightsInAnEmptyRoot) {
  for (const Broken& broken : broken_starts()) {
    SCOPED_TRACE(broken.title);
    Answering start(broken);
    EXPECT_EQ(start.master.connect().ask(add_request("example.com", "ABC")).status(), status_fail);
    EXPECT_EQ(start.master.connect().ask(send_site_request("example.com")).status(), status_fail);
    EXPECT_EQ(start.master.connect().ask(refresh_request()).status(), status_fail);
    if (broken.logs_to_us) {
      EXPECT_TRUE(start.log.wait_for("fatal: "));
      EXPECT_EQ(count_fatal(start.log), 1U);
    }
    const auto taken = start.master.read_status();
    const auto available = start.master.read_status();
    ASSERT_TRUE(taken && available);
    EXPECT_EQ(taken->status, 0);
    EXPECT_EQ(available->status, 1);
    EXPECT_EQ(taken->pid, start.child->pid());
    if (::geteuid() == 0) {
      const pid_t pid = start.child->pid();
      EXPECT_NE(effective_id(pid, "Uid:"), 0U);
      EXPECT_NE(effective_id(pid, "Gid:"), 0U);
      EXPECT_TRUE(fs::is_empty("/proc/" + std::to_string(pid) + "/root"));
    }
    start.master.disconnect();
    const std::optional<Exit> exit = start.child->wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->status, 1);
  }
}

TEST_F(BrokenStart, HasTheRightsOfTheMailOwnerOrOfNobody) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to have something to drop";
  Answering known({"", usual_arguments, {{"max_idle", "5x"}}});
  EXPECT_EQ(known.master.connect().ask(refresh_request()).status(), status_fail);
  EXPECT_EQ(effective_id(known.child->pid(), "Uid:"), mail_owner().uid);
  Answering unknown({"", usual_arguments, {{"mail_owner", "nobody-knows"}}});
  EXPECT_EQ(unknown.master.connect().ask(refresh_request()).status(), status_fail);
  EXPECT_EQ(effective_id(unknown.child->pid(), "Uid:"), 65534U);
}

TEST_F(BrokenStart, EndsAsSoonAsTheConfigurationChanges) {
  Answering start({"", usual_arguments, {{"max_idle", "5x"}}});
  EXPECT_EQ(start.master.connect().ask(refresh_request()).status(), status_fail);
  start.spool.set({});
  const std::optional<Exit> exit = start.child->wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 1);
}

TEST_F(BrokenStart, EndsAsSoonAsAMissingMainCfOrQueueDirectoryIsThere) {
  Answering without_main_cf({"", usual_arguments, {}, remove_main_cf});
  EXPECT_EQ(without_main_cf.master.connect().ask(refresh_request()).status(), status_fail);
  without_main_cf.spool.set({});
  EXPECT_TRUE(without_main_cf.child->wait());

  const TempDir elsewhere;
  Answering without_queue({"", usual_arguments, {{"queue_directory", elsewhere.path("queue")}}});
  EXPECT_EQ(without_queue.master.connect().ask(refresh_request()).status(), status_fail);
  fs::create_directory(elsewhere.path("queue"));
  EXPECT_TRUE(without_queue.child->wait());
}

TEST_F(BrokenStart, DiesOfTheSignalThatStopsTheMailSystem) {
  Answering start({"", usual_arguments, {{"max_idle", "5x"}}});
  EXPECT_EQ(start.master.connect().ask(refresh_request()).status(), status_fail);
  start.child->signal(SIGTERM);
  EXPECT_TRUE(start.child->wait());
}

TEST_F(BrokenStart, EndsAtOnceWhenItShallNotAnswerHoweverBrokenMainCfIs) {
  const std::string no = "uflush_answer_when_broken = no\n";
  const auto in_uflush_cf = [&](const Spool& spool) {
    write_file(spool.config_directory() + "/uflush.cf", no);
  };
  const std::vector<Broken> silent = {
      {"option", with({"-o", "uflush_answer_when_broken=no", "-x"})},
      {"main.cf", with({"-x"}), {{"uflush_answer_when_broken", "no"}}},
      {"main.cf behind a bad line",
       usual_arguments,
       {},
       [&](const Spool& spool) { append_to_main_cf(spool, "foo\n" + no); }},
      {"uflush.cf", usual_arguments, {{"max_idle", "5x"}}, in_uflush_cf},
      {"uflush.cf without main.cf",
       usual_arguments,
       {},
       [&](const Spool& spool) {
         remove_main_cf(spool);
         in_uflush_cf(spool);
       }},
  };
  for (const Broken& broken : silent) {
    SCOPED_TRACE(broken.title);
    Answering start(broken);
    const std::optional<Exit> exit = start.child->wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->status, 1);
    EXPECT_TRUE(start.log.wait_for("fatal: "));
    EXPECT_EQ(count_fatal(start.log), 1U);
  }
}

TEST_F(BrokenStart, SaysNoAnnouncementWhereNoneIsWanted) {
  Answering start({"", usual_arguments, {{"max_idle", "5x"}, {"uflush_announcement", "no"}}});
  FlushClient client = start.master.connect();
  ASSERT_TRUE(client.send(add_request("example.com", "ABC")));
  EXPECT_EQ(client.read_to_end().bytes, reply_bytes(status_fail));
}

TEST_F(BrokenStart, ServesManyClientsAtATimeAndRequestsInPieces) {
  Answering start({"", usual_arguments, {{"max_idle", "5x"}}});
  std::vector<FlushClient> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(start.master.connect());
  const std::string request = add_request("example.com", "ABC");
  for (FlushClient& client : clients) EXPECT_TRUE(client.send(request.substr(0, 20)));
  for (FlushClient& client : clients) EXPECT_EQ(client.read_announcement(), announcement_bytes);
  for (FlushClient& client : clients) EXPECT_TRUE(client.send(request.substr(20)));
  for (FlushClient& client : clients) EXPECT_EQ(client.read_to_end().bytes, reply_bytes(status_fail));
}

TEST_F(BrokenStart, IsFollowedByASoundOneOnceItIsMended) {
  const Spool spool{{{"max_idle", "5x"}}};
  const LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool};
  master.supervise();
  EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_fail);
  ASSERT_THAT(master.pids(), SizeIs(1));
  const OwnedFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, master.pids().front(), 0))};
  spool.set({});
  EXPECT_TRUE(log.wait_for("fatal: "));
  EXPECT_TRUE(wait_readable(pidfd.get(), Deadline{patience}));
  EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
  EXPECT_EQ(count_fatal(log), 1U);
}

}  // namespace
}  // namespace uflush::support
