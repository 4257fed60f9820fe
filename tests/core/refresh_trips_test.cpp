// refresh of many due logs, which share their trips to the pool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"
#include "tests/core/looked_at_log.hpp"

namespace uflush {
namespace {

/// Logs that are due, each with a message; their paths are `flush/site<i>`.
void defer_many(Sim& sim, std::size_t logs) {
  for (std::size_t i = 0; i < logs; ++i) defer(sim, numbered("flush/site", i), numbered("A", i), day, day);
}

TEST(Refresh, HandlesManyShortLogsPerTripToThePool) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  constexpr std::size_t logs = 100;
  defer_many(sim, logs);
  EXPECT_EQ(daemon.ask(RefreshRequest{}), Status::ok);
  for (std::size_t i = 0; i < logs; ++i) EXPECT_TRUE(was_sent(sim, numbered("A", i)));
  EXPECT_EQ(sim.qmgr.triggers(), std::string(logs, 'I'));
  EXPECT_LT(sim.pool.submitted(), logs / 5);
}

TEST(Refresh, LosesNoLogToAnotherThatIsLockedLongOrGone) {
  constexpr std::size_t logs = 50;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    defer_many(sim, logs);
    const auto pick = [&] { return numbered("flush/site", sim.dice.below(logs)); };
    const std::string locked = pick();
    const std::string vanishing = pick();
    const std::string refused = pick();
    std::string lines = "B1\n";
    while (lines.size() < 5000) lines += "C1\n";
    sim.files.write("deferred/B/B1", "message");
    sim.files.write("flush/long", lines);
    sim.files.set_times("flush/long", sim.clock.wall_time() - day, sim.clock.wall_time());
    sim.files.lock_from_outside(locked);
    if (refused != locked && refused != vanishing) sim.files.fail(FileCall::open, refused, EACCES, 1000);
    sim.files.before_call = [&](FileCall call, const std::string& path) {
      if (call == FileCall::open && path == vanishing && vanishing != locked && sim.files.exists(vanishing))
        sim.files.remove(vanishing);
    };
    Caller refresh(sim, RefreshRequest{});
    sim.run_for(std::chrono::seconds(1));
    EXPECT_FALSE(refresh.is_over());
    sim.files.unlock_from_outside(locked);
    ASSERT_TRUE(sim.run_until([&] { return refresh.is_over(); }));
    EXPECT_TRUE(was_sent(sim, "B1"));
    for (std::size_t i = 0; i < logs; ++i) {
      const std::string path = numbered("flush/site", i);
      const bool fails = path != locked && (path == vanishing || path == refused);
      EXPECT_EQ(was_sent(sim, numbered("A", i)), !fails) << path << " seed " << seed;
    }
  }
}

TEST(Refresh, SharesLogsWithSendsOfClients) {
  constexpr std::size_t logs = 30;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    defer_many(sim, logs);
    const std::string site = numbered("site", sim.dice.below(logs));
    Caller refresh(sim, RefreshRequest{});
    Caller send(sim, SendSiteRequest{site});
    ASSERT_TRUE(sim.run_until([&] { return refresh.is_over() && send.is_over(); }));
    EXPECT_EQ(send.answer(), Status::ok);
    for (std::size_t i = 0; i < logs; ++i) {
      EXPECT_TRUE(was_sent(sim, numbered("A", i)));
      EXPECT_EQ(sim.files.read(numbered("flush/site", i)), "");
    }
  }
}

}  // namespace
}  // namespace uflush
