// Many clients with large requests that they never finish.
#include <deque>
#include <string>

#include <gtest/gtest.h>

#include "io/shortage.hpp"
#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

std::size_t reports = 0;

TEST(UnfinishedRequests, ShareABoundOfMemoryAndTheLargestFail) {
  constexpr std::size_t bytes_max = std::size_t{256} * 1024;
  constexpr std::size_t clients = 30;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(),
                     [](ServerSurroundings& around) { around.receive_bytes_max = bytes_max; }};
  reports = 0;
  set_shortage_handler([](Shortage what, Error) { reports += what == Shortage::receive_buffers ? 1 : 0; });
  const std::string half = request_bytes(AddRequest{std::string(50'000, 'x'), "A1"}).substr(0, 50'000);
  std::deque<SimClient> greedy;
  for (std::size_t i = 0; i < clients; ++i) greedy.emplace_back(sim).send(half);
  sim.run_for(std::chrono::seconds(10));
  std::size_t failed = 0;
  for (const SimClient& client : greedy) {
    if (!client.is_over()) continue;
    EXPECT_EQ(client.received(), std::string(announcement).append(reply_bytes(Status::fail)));
    ++failed;
  }
  EXPECT_EQ(clients - failed, bytes_max / (std::size_t{64} * 1024));
  EXPECT_EQ(reports, failed);
  // Nobody else notices, and when they have gone there is room for others.
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  for (SimClient& client : greedy) client.close();
  sim.run_for(std::chrono::seconds(1));
  EXPECT_EQ(daemon.ask(AddRequest{std::string(50'000, 'x'), "A1"}), Status::deny);
  EXPECT_EQ(reports, failed);
  set_shortage_handler(nullptr);
}

}  // namespace
}  // namespace uflush
