// Which logfiles stay open when there are more sites than may be open.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/site_logs.hpp"
#include "tests/core/daemon_in_sim.hpp"
#include "tests/sim/sim.hpp"

namespace uflush {
namespace {

constexpr std::size_t room = 10;

/// With answers that wait for the disk, and without.
class OpenLogsTest : public testing::TestWithParam<Durability> {
 public:
  ~OpenLogsTest() override {
    sim.start(logs.close());
    sim.finish();
  }
  /// One add to each of so many sites, from `first` on, each in a turn of its own. How many files it opened.
  std::size_t opened_by_adds(std::size_t first, std::size_t count) {
    const std::size_t before = sim.files.calls(FileCall::open);
    for (std::size_t i = first; i < first + count; ++i) {
      sim.run_for(std::chrono::microseconds(50));
      sim.start(add(numbered("site", i)));
      sim.settle();
      EXPECT_LE(sim.files.open_files(), room);
    }
    return sim.files.calls(FileCall::open) - before;
  }
  Task<void> add(std::string name) {
    const SiteLogPtr site = logs.find(name);
    sites.push_back(site);  // it is remembered, as by the verdicts
    EXPECT_TRUE(co_await logs.append(*site, "A1"));
  }

  Sim sim{Seed{1}};
  MemorySink sink;
  Log log{sink};
  QueueLayout layout{"deferred", 1};
  SiteLogs logs{sim.loop, sim.pool,   sim.files,
                layout,   GetParam(), {.open_min = 2, .open_max = room, .shared_max = room},
                log};
  std::vector<SiteLogPtr> sites;
};

TEST_P(OpenLogsTest, StayOpenWhileThereIsRoom) {
  opened_by_adds(0, room);
  EXPECT_EQ(opened_by_adds(0, room), 0U);
}

TEST_P(OpenLogsTest, DoNotCloseEachOtherWhenTooManyAreUsedInTurn) {
  for (int round = 0; round < 3; ++round) opened_by_adds(0, 2 * room);
  EXPECT_EQ(opened_by_adds(0, 2 * room), room);
}

TEST_P(OpenLogsTest, StayOpenWhateverIsUsedOnce) {
  for (int round = 0; round < 3; ++round) opened_by_adds(0, room);
  EXPECT_GE(opened_by_adds(100, 5 * room), 5 * room);
  EXPECT_EQ(opened_by_adds(0, room), 0U);
}

TEST_P(OpenLogsTest, MakeRoomForThoseThatAreUsedMoreOften) {
  for (int round = 0; round < 3; ++round) opened_by_adds(0, room);
  for (int round = 0; round < 3; ++round) opened_by_adds(100, room);
  EXPECT_EQ(opened_by_adds(100, room), 0U);
}

TEST_P(OpenLogsTest, MakeRoomForOneThatIsUsedMoreOften) {
  for (int round = 0; round < 3; ++round) opened_by_adds(0, room);
  for (int round = 0; round < 3; ++round) {
    opened_by_adds(100, 1);
    opened_by_adds(0, room / 2);
  }
  EXPECT_EQ(opened_by_adds(100, 1) + opened_by_adds(0, room / 2), 0U);
}

TEST_P(OpenLogsTest, LeaveRoomForClients) {
  opened_by_adds(0, room);
  logs.leave_room_for(room / 2);
  EXPECT_EQ(sim.files.open_files(), room / 2);
  logs.leave_room_for(2 * room);
  EXPECT_EQ(sim.files.open_files(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Durabilities, OpenLogsTest, testing::Values(Durability::none, Durability::sync));

}  // namespace
}  // namespace uflush
