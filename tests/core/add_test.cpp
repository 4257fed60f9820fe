// Adds: checks and their order, batches, full disks, locks of others, limits.
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"
#include "tests/sim/other_flush.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* log_path = "flush/example_com";

Config with_domains(std::string domains) {
  Config config = DaemonInSim::everybody_is_welcome();
  config.fast_flush_domains = std::move(domains);
  return config;
}

/// Starts adds in one go, in one turn of the loop, and collects their answers.
class Adds {
 public:
  explicit Adds(DaemonInSim& daemon) : daemon_(daemon) {}

  void start(std::string_view site, std::string_view queue_id) {
    answers_.emplace_back();
    wanted_.push_back({std::string(site), std::string(queue_id)});
  }
  /// Runs until each has an answer.
  std::vector<Status> finish() {
    daemon_.sim.start(run_all());
    FLUSH_ASSERT(daemon_.sim.run_until([&] { return answered_ == answers_.size(); }));
    return answers_;
  }

 private:
  struct Wanted {
    std::string site;
    std::string queue_id;
  };
  Task<void> run_all() {
    std::vector<PendingAnswer> pending;
    for (const Wanted& add : wanted_)
      pending.push_back(*daemon_.service.start_add(AddRequest{add.site, add.queue_id}));
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if (const auto* append = std::get_if<Append>(&pending[i])) {
        const bool landed = co_await *append;
        answers_[i] = landed ? Status::ok : Status::fail;
      } else {
        answers_[i] = std::get<Status>(pending[i]);
      }
      ++answered_;
    }
  }

  DaemonInSim& daemon_;
  std::vector<Wanted> wanted_;
  std::vector<Status> answers_;
  std::size_t answered_ = 0;
};

TEST(Add, RefusesABadQueueIdBeforeItLooksAtTheSite) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, with_domains("fail:table")};
  for (const std::string& id :
       {std::string("a-b"), std::string(), std::string(256, 'A'), std::string("A\nB")}) {
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", id}), Status::bad) << id;
    EXPECT_EQ(daemon.ask(AddRequest{"", id}), Status::bad) << id;
  }
  EXPECT_THAT(daemon.sink.records, IsEmpty());
  EXPECT_THAT(sim.files.names("flush"), IsEmpty());
}

TEST(Add, TakesAQueueIdOf255Bytes) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  const std::string id(255, 'A');
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", id}), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), id + "\n");
}

TEST(Add, DeniesSitesThatAreNotOnTheList) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, with_domains("example.org")};
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::deny);
  EXPECT_EQ(daemon.ask(AddRequest{"sub.example.org", "A1"}), Status::ok);
  EXPECT_THAT(sim.files.names("flush"), ElementsAre("sub_example_org"));
}

TEST(Add, DeniesAnEmptySiteWithoutAWord) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  EXPECT_EQ(daemon.ask(AddRequest{"", "A1"}), Status::deny);
  EXPECT_EQ(daemon.ask(SendSiteRequest{""}), Status::deny);
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(Add, DeniesASiteOfAHundredThousandBytesWithAWarning) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  const std::string site(100000, 'a');
  EXPECT_EQ(daemon.ask(AddRequest{site, "A1"}), Status::deny);
  ASSERT_EQ(daemon.sink.records.size(), 1U);
  EXPECT_THAT(daemon.sink.records[0], HasSubstr("Problem translating domain \"aaaaaaaaaaaaaa"));
}

TEST(Add, FailsWhereTheTableCannotSay) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, with_domains("fail:table")};
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::fail);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::fail);  // and is asked anew each time
  EXPECT_EQ(daemon.sink.records.size(), 2U);
  EXPECT_THAT(sim.files.names("flush"), IsEmpty());
}

TEST(Add, SharesOneLogAmongSitesThatDifferInPunctuation) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  EXPECT_EQ(daemon.ask(AddRequest{"ex-ample.com", "A1"}), Status::ok);
  EXPECT_EQ(daemon.ask(AddRequest{"EX.ample.com", "B2"}), Status::ok);
  EXPECT_EQ(sim.files.read("flush/ex_ample_com"), "A1\nB2\n");
}

TEST(Add, MakesMissingParentDirectories) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::hashing("deferred, flush", 2)};
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  EXPECT_EQ(sim.files.read("flush/e/x/example_com"), "A1\n");
  EXPECT_EQ(sim.files.mode("flush/e/x"), 0700U);
}

TEST(Add, MakesTheFlushDirectoryAnewWhenItIsMissing) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.remove("flush");
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
}

TEST(Add, WritesOncePerSiteAndTurn) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  Adds adds(daemon);
  for (std::size_t i = 0; i < 50; ++i) {
    adds.start("example.com", numbered("A", i));
    adds.start("example.org", numbered("B", i));
  }
  for (const Status status : adds.finish()) EXPECT_EQ(status, Status::ok);
  EXPECT_EQ(sim.files.calls(FileCall::write), 2U);
  EXPECT_EQ(sim.files.size(log_path), sim.files.size("flush/example_org"));
  EXPECT_TRUE(sim.files.read(log_path).starts_with("A0\nA1\nA2\n"));  // in the order of the requests
}

TEST(Add, AnswersFailToExactlyTheCallersWhoseLinesDidNotLand) {
  for (std::size_t fits = 0; fits <= 30; ++fits) {
    Sim sim{Seed{fits}};
    DaemonInSim daemon{sim};
    sim.files.write(log_path, "OLD\n");
    if (fits == 0) {
      sim.files.fail(FileCall::write, log_path, ENOSPC);
    } else {
      sim.files.shorten_write(log_path, fits);
    }
    Adds adds(daemon);
    for (std::size_t i = 0; i < 10; ++i) adds.start("example.com", numbered("A", i));
    adds.start("example.org", "B");
    const std::vector<Status> answers = adds.finish();
    const std::string log = sim.files.read(log_path);
    EXPECT_EQ((log.size() - 4) % 3, 0U) << log;
    for (std::size_t i = 0; i < 10; ++i)
      EXPECT_EQ(answers[i] == Status::ok, has_line(log, numbered("A", i))) << i << "\n" << log;
    EXPECT_EQ(answers[10], Status::ok);  // another file
    if (fits == 30) continue;
    EXPECT_EQ(answers[9], Status::fail);
    EXPECT_THAT(daemon.sink.records,
                ElementsAre("warning: write fast flush logfile example_com: No space left on device"));
  }
}

TEST(Add, FailsWhenTheLogCannotBeOpenedAndGoesOn) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.fail(FileCall::open, log_path, EACCES);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::fail);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("fatal: flush_add_path: open fast flush logfile example_com: Permission denied"));
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
}

TEST(Add, FailsWhereTheLogIsADirectory) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.make_directories("flush/example_com");
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::fail);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("fatal: flush_add_path: open fast flush logfile example_com: Is a directory"));
}

TEST(Add, FailsWhereParentDirectoriesCannotBeMade) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.remove("flush");
  sim.files.fail(FileCall::make_directory, "flush", EACCES);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::fail);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("fatal: flush_add_path: open fast flush logfile example_com: Permission denied"));
}

TEST(Add, FailsOnAnInputOutputErrorAndLeavesTheLogAsItWas) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(log_path, "OLD\n");
  sim.files.fail(FileCall::write, log_path, EIO);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::fail);
  EXPECT_EQ(sim.files.read(log_path), "OLD\n");
}

TEST(Add, WaitsOnlyForTheLockOfItsOwnSite) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    sim.files.write(log_path, "");
    sim.files.lock_from_outside(log_path);
    Caller first(sim, AddRequest{"example.com", "A1"});
    Caller second(sim, AddRequest{"example.com", "A2"});
    EXPECT_EQ(daemon.ask(AddRequest{"example.org", "B1"}), Status::ok);
    sim.run_for(std::chrono::seconds(5));
    EXPECT_FALSE(first.is_over());
    EXPECT_FALSE(second.is_over());
    EXPECT_EQ(sim.files.read(log_path), "");
    sim.files.unlock_from_outside(log_path);
    ASSERT_TRUE(sim.run_until([&] { return first.is_over() && second.is_over(); }));
    EXPECT_EQ(first.answer(), Status::ok);
    EXPECT_EQ(second.answer(), Status::ok);
    EXPECT_TRUE(log_has(sim.files, log_path, "A1"));
    EXPECT_TRUE(log_has(sim.files, log_path, "A2"));
  }
}

TEST(Add, GathersLinesWhileItWaitsForALock) {
  Sim sim{Seed{3}};
  DaemonInSim daemon{sim};
  sim.files.write(log_path, "");
  sim.files.lock_from_outside(log_path);
  std::deque<Caller> callers;
  for (std::size_t i = 0; i < 20; ++i) callers.emplace_back(sim, AddRequest{"example.com", numbered("A", i)});
  sim.run_for(std::chrono::seconds(1));
  sim.files.unlock_from_outside(log_path);
  ASSERT_TRUE(sim.run_until([&] { return callers.back().is_over() && callers.front().is_over(); }));
  EXPECT_EQ(sim.files.calls(FileCall::write), 2U);  // the one that waited, and all others
}

TEST(Add, LandsAlthoughAnotherProcessRemovesTheLogMeanwhile) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Sim sim{Seed{seed}};
    DaemonInSim daemon{sim};
    sim.files.write(log_path, "");
    bool removed = false;
    sim.files.before_call = [&](FileCall call, const std::string& path) {
      if (removed || path != log_path || (call != FileCall::lock && call != FileCall::write)) return;
      if (sim.dice.chance(0.5)) return;
      removed = true;
      sim.files.remove(log_path);
    };
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
    EXPECT_TRUE(log_has(sim.files, log_path, "A1"));
  }
}

TEST(Add, LosesNothingToAnotherProcessThatAddsToTheSameLog) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    OtherFlush other(sim);
    DaemonInSim daemon{sim};
    other.add(log_path, "X1");
    Caller first(sim, AddRequest{"example.com", "A1"});
    other.add(log_path, "X2");
    Caller second(sim, AddRequest{"example.com", "A2"});
    ASSERT_TRUE(sim.run_until([&] { return first.is_over() && second.is_over() && !other.is_busy(); }));
    const std::string log = sim.files.read(log_path);
    for (const char* id : {"A1", "A2", "X1", "X2"}) EXPECT_TRUE(has_line(log, id)) << log;
    EXPECT_EQ(log.size(), 12U);
  }
}

TEST(Add, KeepsABoundedNumberOfLogsOpen) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  const std::size_t before = sim.files.open_files();
  for (std::size_t i = 0; i < 300; ++i) {
    Adds adds(daemon);
    adds.start(numbered("site", i) + ".example", "A1");
    EXPECT_THAT(adds.finish(), ElementsAre(Status::ok));
    EXPECT_LE(sim.files.open_files(), before + daemon.spool.open_logs.open_max);
  }
  EXPECT_EQ(sim.files.calls(FileCall::open), 300U);
  Adds again(daemon);
  again.start("site0.example", "A2");    // was closed long ago
  again.start("site299.example", "A2");  // is open
  EXPECT_THAT(again.finish(), ElementsAre(Status::ok, Status::ok));
  EXPECT_EQ(sim.files.calls(FileCall::open), 301U);
  EXPECT_EQ(sim.files.read("flush/site0_example"), "A1\nA2\n");
}

TEST(Add, KeepsABoundedNumberOfLogsOpenAlsoWhenMoreThanThatComeInOneTurn) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  const std::size_t before = sim.files.open_files();
  std::size_t most = 0;
  sim.files.before_call = [&](FileCall, const std::string&) {
    most = std::max(most, sim.files.open_files() - before);
  };
  Adds adds(daemon);
  for (std::size_t i = 0; i < 1000; ++i) adds.start(numbered("site", i) + ".example", "A1");
  for (const Status status : adds.finish()) EXPECT_EQ(status, Status::ok);
  EXPECT_LE(most, daemon.spool.open_logs.open_max + 65);
  EXPECT_LE(sim.files.open_files() - before, daemon.spool.open_logs.open_max);
}

TEST(SiteLogs, LeaveTheirDescriptorsToClients) {
  Sim sim{Seed{1}};
  MemorySink sink;
  Log log(sink);
  const QueueLayout layout("deferred", 1);
  SiteLogs logs(sim.loop, sim.pool, sim.files, layout, Durability::none,
                {.open_min = 2, .open_max = 10, .shared_max = 8}, log);
  std::vector<SiteLogPtr> sites;
  for (std::size_t i = 0; i < 12; ++i) sites.push_back(logs.find(numbered("site", i)));
  const auto add_to_all = [&]() -> Task<void> {
    for (const SiteLogPtr& site : sites) EXPECT_TRUE(co_await logs.append(*site, "A1"));
  };
  const auto open_after = [&](std::size_t clients, bool add) {
    logs.leave_room_for(clients);
    if (add) sim.start(add_to_all());
    sim.settle();
    return sim.files.open_files();
  };
  EXPECT_EQ(open_after(1, true), 7U);
  EXPECT_EQ(open_after(3, false), 5U);
  EXPECT_EQ(open_after(100, false), 2U);
  EXPECT_EQ(open_after(0, true), 8U);
  sim.start(logs.close());
  sim.finish();
}

}  // namespace
}  // namespace uflush
