/// Requests against the whole service in a simulated world.
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

TEST(Add, AppendsTheQueueIdToTheLogOfTheSite) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "4Xk2bQ0z"}), Status::ok);
  EXPECT_EQ(sim.files.read("flush/example_com"), "4Xk2bQ0z\n");
  EXPECT_TRUE(daemon.sink.records.empty());
}

TEST(SendSite, EmptiesTheLogEvenWhenEveryQueueFileIsGone) {
  Sim sim{Seed{7}};
  DaemonInSim daemon{sim};
  sim.files.write("flush/example_com", "4Xk2bQ0z\n");
  EXPECT_EQ(daemon.ask(SendSiteRequest{"example.com"}), Status::ok);
  EXPECT_EQ(sim.files.size("flush/example_com"), 0U);
  EXPECT_EQ(sim.qmgr.triggers(), "FI");  // unthrottle first, scan last
}

TEST(Verdicts, OfSitesThatAreAskedForOutlastAFloodOfOthersAndTheirLogsStayOpen) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.fast_flush_domains = "example.com";
  DaemonInSim daemon{sim, config};
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  const std::size_t opened = sim.files.calls(FileCall::open);
  for (std::size_t i = 0; i < 3 * open_logs_limit; ++i) {
    const std::string site = numbered("denied", i) + ".example";
    EXPECT_TRUE(daemon.service.start_add(AddRequest{site, "A1"}).has_value());
    if (i % 50'000 != 0) continue;
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A2"}), Status::ok);
  }
  EXPECT_EQ(sim.files.calls(FileCall::open), opened);
}

}  // namespace
}  // namespace uflush
