#include "tools/flushbench/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace uflush::bench {
namespace {

using testing::ElementsAre;

/// Measures what it is told to: each round takes the next number as its rate, the last one over and over.
class Scripted final : public Workload {
 public:
  Scripted(std::string name, std::vector<double> rates) : name_(std::move(name)), rates_(std::move(rates)) {}

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::string description() const override { return "scripted"; }
  [[nodiscard]] std::string operation() const override { return "step"; }
  [[nodiscard]] bool suits(const ServerKind& kind) const override { return !kind.is_stock || takes_stock; }
  [[nodiscard]] std::optional<std::string> obstacle() const override { return its_obstacle; }
  Measurement measure(BenchSpool&, const ServerKind& kind, Pass pass) const override {
    const bool counts = pass == Pass::count_system_calls;
    calls.push_back((counts ? "count " : "") + name_ + " " + kind.name);
    Measurement result;
    if (counts) result.system_calls = 7;
    std::size_t& next = next_[&kind];
    result.per_second = rates_[std::min(next, rates_.size() - 1)];
    if (!counts) ++next;
    result.server_cpu_us = 1;
    return result;
  }

  bool takes_stock = true;
  std::optional<std::string> its_obstacle;
  static inline std::vector<std::string> calls;

 private:
  std::string name_;
  std::vector<double> rates_;
  mutable std::map<const ServerKind*, std::size_t> next_;
};

class Comparison : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a spool";
    Scripted::calls.clear();
  }

  Scripted& add(std::string name, std::vector<double> rates) {
    auto workload = std::make_unique<Scripted>(std::move(name), std::move(rates));
    Scripted& added = *workload;
    workloads_.push_back(std::move(workload));
    return added;
  }
  std::vector<Series> run(const RoundLimits& limits) {
    BenchSpool spool("");
    return run_side_by_side(spool, workloads_, servers_, limits, [](double, std::string_view) {});
  }

  std::vector<std::unique_ptr<Workload>> workloads_;
  std::vector<ServerKind> servers_ = {{"ours", "", 1, false}, {"stock", "", 1, true}};
};

TEST_F(Comparison, LetsTheServersTakeTurnsInEveryRoundAndCountsBefore) {
  add("a", {10});
  add("b", {10});
  run({.rounds_min = 2, .rounds_max = 2});
  EXPECT_THAT(
      Scripted::calls,
      ElementsAre("count a ours", "count a stock", "count b ours", "count b stock",  //
                  "a ours", "a stock", "b ours", "b stock", "a ours", "a stock", "b ours", "b stock"));
}

TEST_F(Comparison, GivesEveryRoundTheSystemCallsThatWereCounted) {
  add("a", {10});
  const std::vector<Series> counted = run({.rounds_min = 2, .rounds_max = 2});
  for (const Measurement& round : counted.front().rounds) EXPECT_EQ(round.system_calls, 7);
  const std::vector<Series> not_counted =
      run({.rounds_min = 2, .rounds_max = 2, .count_system_calls = false});
  for (const Measurement& round : not_counted.front().rounds) EXPECT_FALSE(round.system_calls);
}

TEST_F(Comparison, EndsAWorkloadWhenItsMediansHaveSettledAndGoesOnWithTheOthers) {
  add("steady", {10});
  add("restless", {10, 20, 30, 10, 20, 30, 10, 20, 30});
  const std::vector<Series> all = run({.rounds_min = 3, .rounds_max = 9});
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].rounds.size(), 3U);
  EXPECT_EQ(all[1].rounds.size(), 3U);
  EXPECT_EQ(all[2].rounds.size(), 9U);
  EXPECT_EQ(all[3].rounds.size(), 9U);
}

TEST_F(Comparison, LeavesOutWhatDoesNotSuitAndWhatMeetsAnObstacle) {
  add("a", {10}).takes_stock = false;
  add("b", {10}).its_obstacle = "not here";
  const std::vector<Series> all = run({.rounds_min = 1, .rounds_max = 1});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].server->name, "ours");
}

Series series_of(const Workload& workload, const ServerKind& server, double rate, double client_us = 1) {
  Measurement round;
  round.per_second = rate;
  round.client_cpu_us = client_us;
  return {&workload, &server, {round, round, round}};
}

TEST(Rows, AreComparedWithTheFastestStockRowOfTheirWorkload) {
  const Scripted one("one", {}), other("other", {});
  const ServerKind ours{"ours", ""}, x1{"x1", "", 1, true}, x2{"x2", "", 2, true};
  const std::vector<Series> all = {series_of(one, ours, 50), series_of(one, x1, 10), series_of(one, x2, 20),
                                   series_of(other, x1, 99)};
  EXPECT_EQ(best_stock(all, one), &all[2]);
  EXPECT_EQ(best_stock(all, other), &all[3]);
}

TEST(Rows, AreComparedWithTheFloorThatDoesTheSameWork) {
  const Scripted one("one", {}), other("other", {});
  const ServerKind ours{"ours", ""}, ours_sync{.name = "ours sync", .program = "", .syncs = true};
  const ServerKind floor{.name = "floor", .program = "f", .is_floor = true};
  const ServerKind floor_sync{.name = "floor sync", .program = "f", .is_floor = true, .syncs = true};
  const std::vector<Series> all = {series_of(one, ours, 1), series_of(one, ours_sync, 1),
                                   series_of(one, floor, 1), series_of(one, floor_sync, 1),
                                   series_of(other, ours, 1)};
  EXPECT_EQ(floor_of(all, all[0]), &all[2]);
  EXPECT_EQ(floor_of(all, all[1]), &all[3]);
  EXPECT_EQ(floor_of(all, all[2]), nullptr);
  EXPECT_EQ(floor_of(all, all[4]), nullptr);
  EXPECT_EQ(without_sync(all, all[1]), &all[0]);
  EXPECT_EQ(without_sync(all, all[0]), nullptr);
}

TEST(Rows, TellWhenTheLoadGeneratorUsedAWholeCpu) {
  const Scripted one("one", {});
  const ServerKind ours{"ours", ""};
  EXPECT_TRUE(client_is_the_limit(series_of(one, ours, 100'000, 9.5)));
  EXPECT_FALSE(client_is_the_limit(series_of(one, ours, 100'000, 8.5)));
}

TEST(Figures, AreSummarizedOverTheRoundsThatHaveThem) {
  Series series;
  for (const double value : {3.0, 1.0, 2.0}) {
    series.rounds.emplace_back();
    series.rounds.back().figures = {{"delay", "ms", value}};
  }
  series.rounds.emplace_back();
  EXPECT_DOUBLE_EQ(series.figure("delay").median, 2);
  EXPECT_EQ(series.figure("delay").count, 3U);
  EXPECT_EQ(series.figure("other").count, 0U);
}

}  // namespace
}  // namespace uflush::bench
