// What keeps the server from accepting: no room, shortages, broken listeners.
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

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

TEST(Server, TriesAgainAfterAShortageWhenAClientLeaves) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient silent(sim);
  sim.settle();
  sim.ring.next_accept_error = EMFILE;
  Caller add(sim, AddRequest{"example.com", "A1"});
  sim.run_for(seconds(10));
  EXPECT_FALSE(add.is_over());
  silent.close();
  ASSERT_TRUE(sim.run_until([&] { return add.is_over(); }));
  EXPECT_EQ(add.answer(), Status::ok);
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
