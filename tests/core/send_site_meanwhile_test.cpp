// send_site: what adds, other sends and other processes do meanwhile.
#include <gtest/gtest.h>

#include "tests/core/deferred_mail.hpp"
#include "tests/sim/other_flush.hpp"

namespace uflush {
namespace {

TEST(SendSite, LetsAddsOfTheSameSiteThroughMeanwhile) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Sim sim{Seed{seed}};
    DaemonInSim daemon{sim};
    defer(sim, many_ids(600));
    Caller send(sim, send_request);
    ASSERT_TRUE(sim.run_until([&] { return sim.files.calls(FileCall::rename) > 0; }));
    Caller add(sim, AddRequest{"example.com", "Z9"});
    ASSERT_TRUE(sim.run_until([&] { return add.is_over(); }));
    EXPECT_EQ(add.answer(), Status::ok);
    EXPECT_FALSE(send.is_over());
    ASSERT_TRUE(sim.run_until([&] { return send.is_over(); }));
    EXPECT_EQ(send.answer(), Status::ok);
    EXPECT_TRUE(log_has(sim.files, log_path, "Z9"));
    EXPECT_LT(sim.files.size(log_path), 300U);  // the handled lines are gone
  }
}

TEST(SendSite, WaitsForAnEarlierSendOfTheSameSiteAndHandlesTheRest) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    defer(sim, many_ids(40));
    Caller first(sim, send_request);
    ASSERT_TRUE(sim.run_until([&] { return sim.files.calls(FileCall::rename) > 0; }));
    sim.files.write(deferred("Z9"), "message");
    Caller add(sim, AddRequest{"example.com", "Z9"});
    ASSERT_TRUE(sim.run_until([&] { return add.is_over(); }));
    Caller second(sim, send_request);
    ASSERT_TRUE(sim.run_until([&] { return second.is_over(); }));
    EXPECT_TRUE(first.is_over());
    EXPECT_TRUE(sim.files.exists(incoming("Z9")));
    EXPECT_EQ(first.answer(), Status::ok);
    EXPECT_EQ(second.answer(), Status::ok);
    EXPECT_FALSE(log_has(sim.files, log_path, "Z9"));
  }
}

TEST(SendSite, DoesNotWaitForASendOfAnotherSite) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(log_path, "A1\n");
  sim.files.lock_from_outside(log_path);
  Caller stuck(sim, send_request);
  sim.run_for(std::chrono::seconds(1));
  sim.files.write("flush/example_org", "B1\n");
  EXPECT_EQ(daemon.ask(SendSiteRequest{"example.org"}), Status::ok);
  EXPECT_FALSE(stuck.is_over());
  sim.files.unlock_from_outside(log_path);
  ASSERT_TRUE(sim.run_until([&] { return stuck.is_over(); }));
  EXPECT_EQ(stuck.answer(), Status::ok);
}

TEST(SendSite, LosesNothingToAnotherProcessThatEmptiesTheLogMeanwhile) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    OtherFlush other(sim);
    other.handle = [](FileSystem& files, const std::string& id) {
      (void)files.rename(current_directory, deferred(id).c_str(), current_directory, incoming(id).c_str());
    };
    DaemonInSim daemon{sim};
    defer(sim, many_ids(10));
    sim.files.write(deferred("Z1"), "message");
    sim.files.write(deferred("Z2"), "message");
    Caller send(sim, send_request);
    other.send(log_path);
    Caller add(sim, AddRequest{"example.com", "Z1"});
    other.add(log_path, "Z2");
    ASSERT_TRUE(sim.run_until([&] { return send.is_over() && add.is_over() && !other.is_busy(); }));
    for (const std::string& id : many_ids(10)) EXPECT_TRUE(sim.files.exists(incoming(id)));
    for (const char* id : {"Z1", "Z2"})
      EXPECT_TRUE(sim.files.exists(incoming(id)) || log_has(sim.files, log_path, id)) << id;
  }
}

TEST(SendSite, GoesOnWhenTheLogIsUnlinkedOrReplacedMeanwhile) {
  for (const bool replace : {false, true}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    defer(sim, many_ids(10));
    bool done = false;
    sim.files.before_call = [&](FileCall call, const std::string&) {
      if (call != FileCall::rename || done) return;
      done = true;
      sim.files.remove(log_path);
      if (replace) sim.files.write(log_path, "Z1\n");
    };
    EXPECT_EQ(daemon.ask(send_request), Status::ok);
    EXPECT_EQ(sim.files.names("incoming").size(), 10U);
    EXPECT_EQ(sim.files.exists(log_path), replace);
    EXPECT_EQ(log_has(sim.files, log_path, "Z1"), replace);
  }
}

TEST(SendSite, StopsBetweenTwoSlicesWhenTheDaemonMustLeave) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  defer(sim, many_ids(700));
  const std::string before = sim.files.read(log_path);
  Caller send(sim, send_request);
  ASSERT_TRUE(sim.run_until([&] { return sim.files.calls(FileCall::rename) > 0; }));
  daemon.server.leave("test");
  ASSERT_TRUE(sim.run_until([&] { return send.is_over() && daemon.is_over(); }));
  EXPECT_EQ(send.answer(), Status::fail);
  EXPECT_EQ(sim.files.read(log_path), before);
  EXPECT_LT(sim.files.names("incoming").size(), 700U);
  EXPECT_TRUE(sim.qmgr.triggers().ends_with("I"));  // what was moved is to be delivered
}

}  // namespace
}  // namespace uflush
