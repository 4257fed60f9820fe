/// What goes wrong with files, and what is said about it (BEHAVIOUR.md 3.8). The reference ends after a fatal
/// record, and its client gets no answer; ours answers FAIL and goes on.
#include <filesystem>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

namespace fs = std::filesystem;

struct Failing {
  std::string title;
  std::function<void(const QueueDirectory& queue)> spoil;
  std::string request;
  std::optional<long long> status;  ///< none: the reference gives none, ours is FAIL
  std::vector<std::string> log;
  bool stays =
      false;  ///< a message that is there is not moved: FAIL, and its line is kept; the reference says OK
};

void PrintTo(const Failing& failing, std::ostream* out) {
  *out << failing.title;
}

/// Nobody but root may do anything with it.
void shut(const QueueDirectory& queue, const std::string& path) {
  ASSERT_EQ(::chown(queue.path(path).c_str(), 0, 0), 0);
  ASSERT_EQ(::chmod(queue.path(path).c_str(), 0), 0);
}

/// It may be looked at.
void protect(const QueueDirectory& queue, const std::string& path) {
  ASSERT_EQ(::chown(queue.path(path).c_str(), 0, 0), 0);
  ASSERT_EQ(::chmod(queue.path(path).c_str(), 0755), 0);
}

void log_of_example_com(const QueueDirectory& queue) {
  queue.add_deferred("AAA1");
  queue.write_logfile("example_com", "AAA1\n", 24 * 3600);
}

std::vector<Failing> failings() {
  const std::string add = add_request("example.com", "AAA1");
  const std::string send = send_site_request("example.com");
  const std::string send_file = send_file_request("AAA1");
  return {
      {"AddToADirectory",
       [](const QueueDirectory& queue) { fs::create_directory(queue.path("flush/example_com")); },
       add,
       std::nullopt,
       {"fatal: flush_add_path: open fast flush logfile example_com: Is a directory"}},
      {"AddToALogThatMayNotBeWritten",
       [](const QueueDirectory& queue) {
         log_of_example_com(queue);
         shut(queue, "flush/example_com");
       },
       add,
       std::nullopt,
       {"fatal: flush_add_path: open fast flush logfile example_com: Permission denied"}},
      {"AddToALoopOfLinks",
       [](const QueueDirectory& queue) {
         fs::create_symlink("example_com", queue.path("flush/example_com"));
       },
       add,
       std::nullopt,
       {"fatal: flush_add_path: open fast flush logfile example_com: Too many levels of symbolic links"}},
      {"AddWithoutAFlushDirectoryWhereNoneMayBeMade",
       [](const QueueDirectory& queue) {
         fs::remove(queue.path("flush"));
         protect(queue, ".");
       },
       add,
       std::nullopt,
       {"fatal: flush_add_path: open fast flush logfile example_com: Permission denied"}},
      {"SendOfALogThatMayNotBeRead",
       [](const QueueDirectory& queue) {
         log_of_example_com(queue);
         shut(queue, "flush/example_com");
       },
       send,
       std::nullopt,
       {"fatal: flush_send_path: open fast flush logfile example_com: Permission denied"}},
      {"SendOfADirectory",
       [](const QueueDirectory& queue) { fs::create_directory(queue.path("flush/example_com")); },
       send,
       std::nullopt,
       {"fatal: flush_send_path: open fast flush logfile example_com: Is a directory"}},
      {"SendWithoutAFlushDirectory",
       [](const QueueDirectory& queue) { fs::remove(queue.path("flush")); },
       send,
       status_ok,
       {}},
      {"SendWhereDeferredMayNotBeLookedInto",
       [](const QueueDirectory& queue) {
         log_of_example_com(queue);
         shut(queue, "deferred");
       },
       send,
       status_ok,
       {"warning: flush_one_file: update deferred/A/AAA1 time stamps: Permission denied"},
       true},
      {"SendOfAMessageOfSomebodyElse",
       [](const QueueDirectory& queue) {
         log_of_example_com(queue);
         shut(queue, "deferred/A/AAA1");
       },
       send,
       status_ok,
       {"warning: flush_one_file: update deferred/A/AAA1 time stamps: Operation not permitted"},
       true},
      {"SendWhereNothingMayBeMoved",
       [](const QueueDirectory& queue) {
         log_of_example_com(queue);
         protect(queue, "incoming");
       },
       send,
       status_ok,
       {"warning: deferred/A/AAA1: rename from deferred to incoming: Permission denied"},
       true},
      {"SendFileOfADirectory",
       [](const QueueDirectory& queue) {
         queue.add_deferred("AAA1");
         fs::remove(queue.path("deferred/A/AAA1"));
         fs::create_directory(queue.path("deferred/A/AAA1"));
         ASSERT_EQ(::chown(queue.path("deferred/A/AAA1").c_str(), mail_owner().uid, 0), 0);
       },
       send_file,
       status_ok,
       {"warning: flush_one_file: open deferred/A/AAA1: cannot open file: Is a directory"}},
      {"SendFileOfAMessageThatMayNotBeOpened",
       [](const QueueDirectory& queue) {
         queue.add_deferred("AAA1");
         ASSERT_EQ(::chmod(queue.path("deferred/A/AAA1").c_str(), 0), 0);
       },
       send_file,
       status_ok,
       {"warning: flush_one_file: open deferred/A/AAA1: cannot open file: Permission denied"}},
      {"RefreshWithoutAFlushDirectory",
       [](const QueueDirectory& queue) { fs::remove(queue.path("flush")); },
       refresh_request(),
       status_ok,
       {"fatal: scan_dir_push: open directory flush: No such file or directory"}},
      {"RefreshOfALogThatMayNotBeLookedAt",
       [](const QueueDirectory& queue) {
         fs::create_symlink("loop_example", queue.path("flush/loop_example"));
       },
       refresh_request(),
       status_ok,
       {"warning: flush_refresh_service: stat flush/loop_example: Too many levels of symbolic links"}},
      {"RefreshOfALogThatMayNotBeRemoved",
       [](const QueueDirectory& queue) {
         queue.write_logfile("gone_example", "", 8 * 24 * 3600);
         protect(queue, "flush");
       },
       refresh_request(),
       status_ok,
       {"warning: remove logfile flush/gone_example: Permission denied"}},
  };
}

class Failures : public ::testing::TestWithParam<Failing> {};

TEST_P(Failures, AreLoggedInTheReferencesWords) {
  const Failing& failing = GetParam();
  const Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
  const QmgrSocket qmgr{spool.queue().path("public/qmgr")};
  MasterStandIn master{spool};
  master.supervise();
  failing.spoil(spool.queue());
  const std::optional<long long> status = master.connect().ask(failing.request).status();
  const bool is_kept = failing.stays && !testing_the_stock_daemon();
  if (failing.stays) {
    EXPECT_EQ(status, is_kept ? status_fail : status_ok);
    EXPECT_EQ(spool.queue().logfile("example_com"), is_kept ? "AAA1\n" : "");
  } else if (failing.status) {
    EXPECT_EQ(status, failing.status);
  } else {
    EXPECT_EQ(status, testing_the_stock_daemon() ? std::nullopt : std::optional(status_fail));
  }
  // Whether or not the process has ended: the next client is served.
  EXPECT_EQ(master.connect().ask(bytes("marker\0x\0\0")).status(), status_bad);
  EXPECT_THAT(log.take_texts_before("unexpected attribute marker"), ::testing::ElementsAreArray(failing.log));
}

std::string title_of(const ::testing::TestParamInfo<Failing>& info) {
  return info.param.title;
}
INSTANTIATE_TEST_SUITE_P(Rows, Failures, ::testing::ValuesIn(failings()), title_of);

}  // namespace
}  // namespace uflush::support
