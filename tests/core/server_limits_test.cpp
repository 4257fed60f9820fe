// What keeps the server from accepting: no room, shortages, broken listeners.
#include <algorithm>
#include <deque>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Server, GoesOnAcceptingWhenOneOfTooManyClientsLeaves) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(),
                       [](ServerSurroundings& around) { around.clients_max = 3; }};
    sim.checkers.emplace_back([&] { EXPECT_LE(daemon.server.clients(), 3U); });
    std::deque<SimClient> silent;
    for (int i = 0; i < 3; ++i) silent.emplace_back(sim).wait_for(1);
    ASSERT_TRUE(sim.run_until([&] { return daemon.server.clients() == 3; }));
    std::deque<Caller> callers;
    for (std::size_t i = 0; i < 10; ++i)
      callers.emplace_back(sim, AddRequest{"example.com", numbered("A", i)});
    sim.settle();
    EXPECT_FALSE(callers.front().answer());
    silent.front().close();
    ASSERT_TRUE(sim.run_until([&] { return are_over(callers); }));
    for (const Caller& caller : callers) EXPECT_EQ(caller.answer(), Status::ok);
    sim.checkers.clear();
  }
}

TEST(Server, DrainsWhileItIsFull) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(),
                     [](ServerSurroundings& around) { around.clients_max = 1; }};
  SimClient first(sim);
  SimClient second(sim);
  sim.settle();
  daemon.server.drain("test");
  first.close();
  second.close();
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
}

TEST(Server, TriesAgainWhenAConnectionIsGoneBeforeItIsAccepted) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.ring.next_accept_error = ECONNABORTED;
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
}

TEST(Server, TriesAgainAfterAShortageEvenWhenNoClientIsConnected) {
  for (const int shortage : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    sim.ring.next_accept_error = shortage;
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
    EXPECT_THAT(daemon.sink.records, IsEmpty());
  }
}

TEST(Server, TriesAgainAfterAShortageAtOnceWhenAClientLeaves) {
  for (const int shortage : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    SimClient silent(sim);
    sim.settle();
    sim.ring.next_accept_error = shortage;
    Caller add(sim, AddRequest{"example.com", "A1"});
    sim.settle();
    EXPECT_FALSE(add.is_over());
    const Instant before = sim.clock.now();
    silent.close();
    ASSERT_TRUE(sim.run_until([&] { return add.is_over(); }));
    EXPECT_EQ(add.answer(), Status::ok);
    EXPECT_LT(sim.clock.now(), before + milliseconds(100));
  }
}

// A pipelining client may stay for hours, and the system have descriptors again long before.
TEST(Server, TriesAgainAfterAShortageThoughNoClientLeaves) {
  for (const int shortage : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    SimClient silent(sim);
    sim.settle();
    sim.ring.next_accept_error = shortage;
    Caller add(sim, AddRequest{"example.com", "A1"});
    sim.run_for(seconds(1));
    EXPECT_EQ(add.answer(), Status::ok);
    EXPECT_FALSE(silent.is_over());
    EXPECT_EQ(daemon.server.clients(), 1U);
  }
}

TEST(Server, ClosesLogsThatAreOpenForLaterWhenAClientFindsNoDescriptor) {
  for (const int shortage : {EMFILE, ENFILE}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
    const std::size_t open_before = sim.files.open_files();
    const Instant before = sim.clock.now();
    sim.ring.next_accept_error = shortage;
    SimClient silent(sim);
    sim.settle();
    EXPECT_EQ(daemon.server.clients(), 1U);  // without any pause
    EXPECT_EQ(sim.clock.now(), before);
    EXPECT_LT(sim.files.open_files(), open_before);
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A2"}), Status::ok);
    EXPECT_EQ(sim.files.read("flush/example_com"), "A1\nA2\n");
  }
}

// Somebody who connects and closes in a loop would keep the server accepting for ever.
TEST(Server, TakesNoMoreClientsInATurnThanItCanServeAtOnce) {
  constexpr std::size_t crowd = 90;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient first(sim);
  first.wait_for(announcement.size());
  ASSERT_TRUE(sim.run_until([&] { return first.has_done_all(); }));
  std::vector<Fd> others;
  for (std::size_t i = 0; i < crowd; ++i) {
    others.push_back(std::move(sim.ring.unix_socket()).value());
    ASSERT_TRUE(connect_to(sim.disk, "public/flush", others.back().get()).has_value());
  }
  first.send(request_bytes(AddRequest{"example.com", "A1"})).wait_for(announcement.size() + 1);
  std::size_t clients = 1;
  std::size_t most = 0;
  sim.checkers.emplace_back([&] {
    const std::size_t now = daemon.server.clients();
    most = std::max(most, now - std::min(now, clients));
    clients = now;
  });
  ASSERT_TRUE(sim.run_until([&] { return daemon.server.clients() >= crowd; }));
  EXPECT_GE(most, 16U);
  EXPECT_LE(most, 64U);
  ASSERT_TRUE(sim.run_until([&] { return first.is_over(); }));
  others.clear();
  ASSERT_TRUE(sim.run_until([&] { return daemon.server.clients() == 0; }));
  sim.checkers.clear();
}

TEST(Server, EndsFatallyWhenItCannotAcceptAtAll) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.ring.next_accept_error = EINVAL;
  SimClient client(sim);
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  EXPECT_EQ(daemon.exit_status, 1);
  EXPECT_THAT(daemon.sink.records, ElementsAre("fatal: accept connection: Invalid argument"));
}

}  // namespace
}  // namespace uflush
