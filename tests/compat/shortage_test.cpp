/// A daemon that gets fewer descriptors, threads and memory than it would like: each request is answered,
/// with FAIL at worst, one record says what is short, and the daemon goes on.
#include <array>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include "tests/support/failure.hpp"
#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/tested_daemon.hpp"

namespace uflush::support {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;

/// A program that is the tested daemon with a limit of prlimit(1), `--nofile=12` for instance.
class Limited {
 public:
  explicit Limited(const std::string& limit) {
    directory_.write("flush", "#!/bin/sh\nexec prlimit " + limit + " " + tested_daemon() + " \"$@\"\n");
    if (::chmod(program().c_str(), 0755) != 0) fail_errno("chmod");
  }
  [[nodiscard]] std::string program() const { return directory_.path("flush"); }

 private:
  TempDir directory_;
};

class Shortages : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "what only uflush promises";
  }

  Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
  QmgrSocket qmgr{spool.queue().path("public/qmgr"), QmgrSocket::Kind::stream};
};

TEST_F(Shortages, OfDescriptorsKeepNobodyWaiting) {
  if (has_sanitizer) GTEST_SKIP() << "sanitizers need descriptors of their own to check types";
  int served = 0;
  for (int limit = 12; limit <= 40; limit += 2) {
    const Limited few("--nofile=" + std::to_string(limit));
    MasterStandIn master(spool, {.program = few.program()});
    ChildProcess* child = &master.spawn();
    FlushClient client = master.connect();
    std::array<pollfd, 2> either{{{child->pidfd(), POLLIN, 0}, {client.fd(), POLLIN, 0}}};
    ASSERT_GT(::poll(either.data(), either.size(), static_cast<int>(patience.count())), 0)
        << "limit " << limit << ": a client waits for ever";
    if (either[0].revents != 0) {
      const std::optional<Exit> exit = child->wait();
      EXPECT_TRUE(exit && exit->status == 1) << limit;
      EXPECT_TRUE(log.wait_for("fatal: ")) << limit;
      continue;
    }
    const Reply reply = client.ask(add_request("example.com", "A1"));
    EXPECT_THAT(reply.status(), AnyOf(status_ok, status_fail)) << limit;
    served += reply.status() == status_ok ? 1 : 0;
    EXPECT_THAT(master.connect().ask(send_site_request("example.com")).status(),
                AnyOf(status_ok, status_fail))
        << limit;
    child->signal(SIGTERM);
    EXPECT_TRUE(child->wait()) << limit;
  }
  EXPECT_GT(served, 0);
}

TEST_F(Shortages, OfThreadsKeepNobodyWaiting) {
  const Limited none("--nproc=1");  // counts once the daemon is mail_owner
  MasterStandIn master(spool, {.program = none.program()});
  ChildProcess* child = &master.spawn();
  spool.queue().add_deferred("A1");
  for (int round = 0; round < 20; ++round) {
    // The lock of the log is kept when the send begins.
    for (int i = 0; i < 20; ++i)
      ASSERT_EQ(master.connect().ask(add_request("example.com", "A1")).status(), status_ok);
    ASSERT_EQ(master.connect().ask(send_site_request("example.com")).status(), status_ok);
  }
  EXPECT_TRUE(spool.queue().queue_file("incoming", "A1"));
  EXPECT_THAT(log.records(), Contains(HasSubstr("no thread to be had")).Times(1));
  child->signal(SIGTERM);
  EXPECT_TRUE(child->wait());
}

TEST_F(Shortages, OfMemoryDoNotPreventAStartThatNeedsLittle) {
  if (has_sanitizer) GTEST_SKIP() << "sanitizers map much, and have an allocator of their own";
  const Limited little("--data=33554432");
  MasterStandIn master(spool, {.program = little.program()});
  ChildProcess* child = &master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("example.com", "A1")).status(), status_ok);
  EXPECT_EQ(master.connect().ask(send_site_request("example.com")).status(), status_ok);
  child->signal(SIGTERM);
  EXPECT_TRUE(child->wait());
}

TEST_F(Shortages, OfMemoryThatEndTheProcessAreLogged) {
  if (has_sanitizer) GTEST_SKIP() << "sanitizers map much, and have an allocator of their own";
  const Limited little("--data=16777216");
  MasterStandIn master(spool, {.program = little.program()});
  ChildProcess* child = &master.spawn();
  ASSERT_EQ(master.connect().ask(add_request("example.com", "A1")).status(), status_ok);
  std::vector<FlushClient> clients;
  const std::string unfinished(100'000, 'x');  // fits into the socket, whether or not somebody reads
  for (int i = 0; i < 100; ++i) {
    clients.push_back(master.connect());
    clients.back().send(std::string("request\0", 8) + unfinished);
  }
  const std::optional<Exit> exit = child->wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 1);
  EXPECT_TRUE(log.wait_for("fatal: out of memory"));
}

}  // namespace
}  // namespace uflush::support
