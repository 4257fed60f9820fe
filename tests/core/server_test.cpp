// The server's life: the reasons to end, draining, leaving.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using Ending = SimClient::Ending;

constexpr const char* log_path = "flush/example_com";

void with_idle_limit(ServerSurroundings& around) {
  around.idle_limit = true;
}

TEST(Server, EndsWhenNobodyComesForMaxIdle) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_idle_limit};
  sim.run_for(seconds(99));
  EXPECT_FALSE(daemon.is_over());
  sim.run_for(seconds(2));
  EXPECT_EQ(daemon.exit_status, 0);
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(Server, CountsIdleTimeOnlyWhileNoClientIsConnected) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_idle_limit};
  SimClient first(sim);
  SimClient second(sim);
  sim.settle();
  sim.run_for(seconds(1000));
  EXPECT_FALSE(daemon.is_over());
  first.close();
  sim.settle();
  sim.run_for(seconds(1000));
  EXPECT_FALSE(daemon.is_over());
  second.close();
  sim.settle();
  sim.run_for(seconds(99));
  EXPECT_FALSE(daemon.is_over());
  sim.run_for(seconds(2));
  EXPECT_TRUE(daemon.is_over());
}

TEST(Server, StartsTheIdleTimeAnewAfterEachClient) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_idle_limit};
  for (int i = 0; i < 5; ++i) {
    sim.run_for(seconds(60));
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  }
  sim.run_for(seconds(99));
  EXPECT_FALSE(daemon.is_over());
  sim.run_for(seconds(2));
  EXPECT_TRUE(daemon.is_over());
}

TEST(Server, IgnoresTheMaxUseOfMainCf) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.max_use = 2;
  DaemonInSim daemon{sim, config};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  EXPECT_FALSE(daemon.is_over());
}

TEST(Server, EndsAfterAnExplicitNumberOfConnectionsOfAnyKind) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.max_use_explicit = 3;
  DaemonInSim daemon{sim, config};
  daemon.log.set_verbose(1);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  SimClient silent(sim);
  silent.wait_for(announcement.size()).close();
  ASSERT_TRUE(sim.run_until([&] { return silent.is_over(); }));
  SimClient last(sim);
  last.wait_for(announcement.size());
  ASSERT_TRUE(sim.run_until([&] { return last.has_done_all(); }));
  EXPECT_FALSE(daemon.is_over());  // the last one is served to its end
  last.send(request_bytes(AddRequest{"example.com", "B2"}));
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  EXPECT_EQ(daemon.exit_status, 0);
  EXPECT_EQ(sim.files.read(log_path), "A1\nB2\n");
  EXPECT_THAT(daemon.sink.records, testing::Contains("max_use connections served -- exiting"));
}

TEST(Server, LeavesTheBacklogToTheNextProcessOnceItDrains) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient early(sim);
  early.wait_for(announcement.size());
  ASSERT_TRUE(sim.run_until([&] { return early.has_done_all(); }));
  daemon.server.drain("test");
  daemon.server.drain("again");
  SimClient late(sim);
  late.send(request_bytes(AddRequest{"example.com", "B2"}));
  early.send(request_bytes(AddRequest{"example.com", "A1"}));
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  sim.settle();
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
  EXPECT_EQ(late.received(), "");
  EXPECT_FALSE(late.is_over());
}

TEST(Server, FinishesWhatItHasAcceptedWhateverItIs) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    sim.files.write("flush/other_example", "C3\n");
    Caller add(sim, AddRequest{"example.com", "A1"});
    Caller send(sim, SendSiteRequest{"other.example"});
    Caller refresh(sim, RefreshRequest{});
    ASSERT_TRUE(sim.run_until([&] { return daemon.server.clients() > 0; }));
    const std::size_t accepted = daemon.server.clients();
    daemon.server.drain("test");
    ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
    sim.settle();
    std::size_t answered = 0;
    for (const Caller* caller : {&add, &send, &refresh}) answered += caller->answer() == Status::ok ? 1 : 0;
    EXPECT_GE(answered, accepted);
  }
}

TEST(Server, DrainsNoLongerThanAMinute) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient silent(sim);
  sim.settle();
  daemon.server.drain("test");
  sim.run_for(seconds(59));
  EXPECT_FALSE(daemon.is_over());
  sim.run_for(seconds(2));
  EXPECT_EQ(daemon.exit_status, 0);
  sim.settle();
  EXPECT_EQ(silent.ending(), Ending::end_of_stream);
}

TEST(Server, FinishesASendThatHasToWaitForALockWhileItDrains) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write("deferred/A/A1", "message");
  sim.files.write(log_path, "A1\n");
  sim.files.lock_from_outside(log_path);
  Caller send(sim, SendSiteRequest{"example.com"});
  sim.settle();
  daemon.server.drain("test");
  sim.run_for(seconds(50));
  EXPECT_FALSE(daemon.is_over());
  sim.files.unlock_from_outside(log_path);
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over() && send.is_over(); }));
  EXPECT_EQ(send.answer(), Status::ok);
  EXPECT_TRUE(sim.files.exists("incoming/A1"));
}

TEST(Server, GivesItsOnlyClientAsMuchTimeAsAnyOther) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  const Fd client{ends[0]};
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), [&](ServerSurroundings& around) {
                       around.listeners.clear();
                       around.only_client = Fd{ends[1]};
                     }};
  sim.run_for(seconds(3000));
  EXPECT_FALSE(daemon.is_over());
  const std::string request = request_bytes(AddRequest{"example.com", "A1"});
  ASSERT_EQ(::send(client.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
}

TEST(Server, DropsUnfinishedRequestsWhenItMustLeave) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    SimClient silent(sim);
    SimClient half(sim);
    half.send(request_bytes(AddRequest{"example.com", "A1"}).substr(0, 20));
    sim.settle();
    daemon.server.leave("test");
    sim.settle();
    EXPECT_EQ(daemon.exit_status, 0);
    EXPECT_EQ(silent.received(), announcement);
    EXPECT_EQ(half.received(), announcement);
    EXPECT_FALSE(sim.files.exists(log_path));
  }
}

TEST(Server, FinishesAppendsBeforeItLeaves) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(log_path, "");
  sim.files.lock_from_outside(log_path);
  Caller add(sim, AddRequest{"example.com", "A1"});
  sim.settle();
  daemon.server.leave("test");
  sim.settle();
  EXPECT_FALSE(daemon.is_over());
  sim.files.unlock_from_outside(log_path);
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over() && add.is_over(); }));
  EXPECT_EQ(add.answer(), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
}

}  // namespace
}  // namespace uflush
