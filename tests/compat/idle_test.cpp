/// An idle daemon looks idle: who watches the pressure (PSI) of its control group sees no wait for I/O.
#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/pressure_group.hpp"

namespace uflush::support {
namespace {

using std::chrono::steady_clock;

/// What is watched, and how much of it may look like a wait for I/O.
constexpr milliseconds watched = 5'000ms;
constexpr milliseconds pressure_max = 100ms;

class Idle : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon has no ring";
    if (!group.why_not().empty()) GTEST_SKIP() << group.why_not();
    ChildProcess& child = master.spawn();
    add(0);
    ASSERT_TRUE(group.add(child.pid()));
  }
  void add(int number) const {
    const std::string id = std::string("ID").append(std::to_string(number));
    EXPECT_EQ(master.connect().ask(add_request("example.com", id)).status(), status_ok);
  }

  PressureGroup group;
  Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool};
};

TEST_F(Idle, DoesNotLookLikeWaitingForIo) {
  const auto before = group.io_pressure();
  std::this_thread::sleep_for(watched);  // the time is what is measured
  EXPECT_LE(group.io_pressure() - before, pressure_max);
}

TEST_F(Idle, NorDoTenAddsPerSecond) {
  const auto before = group.io_pressure();
  const auto start = steady_clock::now();
  for (int i = 1; i <= 50; ++i) {
    add(i);
    std::this_thread::sleep_until(start + i * watched / 50);
  }
  EXPECT_LE(group.io_pressure() - before, pressure_max);
}

}  // namespace
}  // namespace uflush::support
