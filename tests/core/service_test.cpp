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

}  // namespace
}  // namespace uflush
