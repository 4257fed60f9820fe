/// How a daemon gets on with master(8): status records, reload, retirement, signals (BEHAVIOUR.md 1.5
/// to 1.7).
#include <csignal>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"

namespace uflush::support {
namespace {

using ::testing::IsEmpty;

class Lifecycle : public ::testing::Test {
 protected:
  Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
};

TEST_F(Lifecycle, ReportsOneTakenAndAvailablePairWithItsPidAndGeneration) {
  MasterStandIn master{spool, {.generation = "21"}};
  const pid_t pid = master.spawn().pid();
  EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
  for (const int status : {0, 1}) {
    const std::optional<StatusRecord> record = master.read_status();
    ASSERT_TRUE(record);
    EXPECT_EQ(record->pid, pid);
    EXPECT_EQ(record->generation, 021U);
    EXPECT_EQ(record->status, status);
  }
}

// master(8) starts another process when it hears TAKEN while somebody still waits.
TEST_F(Lifecycle, StaysTheOnlyProcessWhenManyClientsWaitForItsStart) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "needs a process per client";
  for (int start = 0; start < 5; ++start) {
    MasterStandIn master{spool};
    std::vector<FlushClient> clients;
    for (int i = 0; i < 16; ++i) clients.push_back(master.connect());
    master.supervise();
    for (FlushClient& client : clients)
      EXPECT_EQ(client.ask(add_request("example.com", "ABC")).status(), status_ok);
    EXPECT_EQ(master.pids().size(), 1U);
  }
}

TEST_F(Lifecycle, LeavesAtOnceWhenItsMasterReloadsWhileNobodyIsConnected) {
  MasterStandIn master{spool};
  ChildProcess& child = master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
  master.disconnect();
  const std::optional<Exit> exit = child.wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 0);
  EXPECT_THAT(log.texts(), IsEmpty());
}

TEST_F(Lifecycle, ServesAConnectedClientToTheEndWhenItsMasterReloads) {
  MasterStandIn master{spool};
  ChildProcess& child = master.spawn();
  FlushClient client = master.connect();
  ASSERT_EQ(client.read_announcement(), announcement_bytes);
  master.disconnect();
  client.send(add_request("example.com", "ABC"));
  EXPECT_EQ(client.read_reply_and_finish().status(), status_ok);
  const std::optional<Exit> exit = child.wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 0);
  EXPECT_EQ(spool.queue().logfile("example_com"), "ABC\n");
  EXPECT_THAT(log.texts(), IsEmpty());
}

TEST_F(Lifecycle, LeavesWaitingClientsToTheNextProcessWhenItsMasterReloads) {
  MasterStandIn master{spool};
  master.supervise();
  std::vector<FlushClient> clients;
  for (int i = 0; i < 20; ++i) {
    if (i % 5 == 4) master.disconnect();
    clients.push_back(master.connect());
    clients.back().send(add_request("example.com", "ID" + std::to_string(i)));
  }
  for (FlushClient& client : clients) {
    EXPECT_EQ(client.read_announcement(), announcement_bytes);
    EXPECT_EQ(client.read_reply_and_finish().status(), status_ok);
  }
  EXPECT_EQ(spool.queue().log_lines("example_com").size(), clients.size());
  EXPECT_THAT(log.texts(), IsEmpty());
}

TEST_F(Lifecycle, RetiresAfterTheConnectionsThatItsCommandLineAllows) {
  MasterStandIn master{spool, {.arguments = {"-m", "3"}}};
  ChildProcess& child = master.spawn();
  for (const char* id : {"A1", "A2", "A3"})
    EXPECT_EQ(master.connect().ask(add_request("example.com", id)).status(), status_ok);
  const std::optional<Exit> exit = child.wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 0);
}

TEST_F(Lifecycle, RetiresWhenNobodyConnectsForMaxIdle) {
  MasterStandIn master{spool, {.arguments = {"-i", "1s"}}};
  const std::optional<Exit> exit = master.spawn().wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 0);
  EXPECT_THAT(log.texts(), IsEmpty());
}

TEST_F(Lifecycle, EndsAtOnceByTheSignalThatStopsTheMailSystem) {
  MasterStandIn master{spool};
  ChildProcess& child = master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
  child.signal(SIGTERM);
  const std::optional<Exit> exit = child.wait();
  ASSERT_TRUE(exit);
  // The reference has no handler. We finish what has been accepted, here nothing, and leave.
  if (testing_the_stock_daemon()) {
    EXPECT_EQ(exit->signal, SIGTERM);
  } else {
    EXPECT_EQ(exit->status, 0);
  }
  EXPECT_THAT(log.texts(), IsEmpty());
}

TEST_F(Lifecycle, DiesOfSignalsThatNobodyHandles) {
  for (const int number : {SIGHUP, SIGQUIT, SIGUSR1}) {
    MasterStandIn master{spool};
    ChildProcess& child = master.spawn();
    EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
    child.signal(number);
    const std::optional<Exit> exit = child.wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->signal, number);
  }
}

// The reference takes turns at accept(2) with others of its kind.
TEST_F(Lifecycle, NeedsNoAcceptLockUnlikeTheReference) {
  MasterStandIn master{spool};
  master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
  EXPECT_EQ(spool.queue().ids_in("pid").empty(), !testing_the_stock_daemon());
}

TEST_F(Lifecycle, EndsAfterAWatchTimeTooShortForTheReference) {
  MasterStandIn master{spool, {.arguments = {"-o", "daemon_timeout=2s", "-i", "1s"}}};
  const std::optional<Exit> exit = master.spawn().wait();
  ASSERT_TRUE(exit);
  if (testing_the_stock_daemon()) {
    EXPECT_EQ(exit->signal, SIGABRT);
    EXPECT_TRUE(log.wait_for("panic: watchdog_create: timeout 2 is too small"));
  } else {
    EXPECT_EQ(exit->status, 0);
  }
}

TEST_F(Lifecycle, IsReplacedAfterSigkillAndNothingThatWasAnsweredIsLost) {
  MasterStandIn master{spool};
  master.supervise();
  std::vector<std::string> answered;
  for (int i = 0; i < 60; ++i) {
    const std::string id = "ID" + std::to_string(i);
    FlushClient client = master.connect();
    client.send(add_request("example.com", id));
    if (i % 10 == 5)
      for (const pid_t pid : master.pids()) ::kill(pid, SIGKILL);
    std::string all = client.read_announcement();
    if (all != announcement_bytes) continue;
    if (client.read_reply_and_finish().status() == status_ok) answered.push_back(id);
  }
  EXPECT_GE(answered.size(), 48U);
  EXPECT_THAT(spool.queue().log_lines("example_com"), ::testing::IsSupersetOf(answered));
}

}  // namespace
}  // namespace uflush::support
