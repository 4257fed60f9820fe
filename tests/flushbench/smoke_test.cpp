#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tests/support/child_process.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/spool.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::bench {
namespace {

using nlohmann::json;

class Flushbench : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to start servers as master(8) does";
  }

  /// Runs it with `--json` and returns what it wrote there.
  json run(std::vector<std::string> arguments) {
    const std::string path = directory_.path("report.json");
    arguments.insert(arguments.begin(), UFLUSH_BUILT_FLUSHBENCH);
    arguments.insert(arguments.end(), {"--json", path});
    const support::Output output = support::run(arguments, {}, std::chrono::seconds(100));
    EXPECT_EQ(output.exit.status, 0) << output.err;
    table_ = output.out;
    return output.exit.status == 0 ? json::parse(support::read_file(path)) : json{};
  }

  std::string table_;

 private:
  support::TempDir directory_;
};

double median_of(const json& summary) {
  return summary.at("median").get<double>();
}

void expect_plausible(const json& row) {
  SCOPED_TRACE(row.dump());
  EXPECT_GT(median_of(row.at("per_second")), 10);
  EXPECT_LT(median_of(row.at("per_second")), 1e8);
  EXPECT_GT(median_of(row.at("server_cpu_us")), 0.01);
  EXPECT_LT(median_of(row.at("server_cpu_us")), 1e5);
  EXPECT_GT(median_of(row.at("client_cpu_us")), 0);
  const json& latency = row.at("latency_us");
  EXPECT_GT(median_of(latency.at("p50")), 1);
  EXPECT_LE(median_of(latency.at("p50")), median_of(latency.at("p99")));
  EXPECT_LE(median_of(latency.at("p99")), median_of(latency.at("p99.9")));
  EXPECT_LE(median_of(latency.at("p99.9")), median_of(latency.at("max")));
  EXPECT_GE(row.at("processes").get<double>(), 1);
}

TEST_F(Flushbench, MeasuresAddsOfBothDaemonsWithPlausibleNumbers) {
  const json report = run({"run", "add", "--requests", "200", "--rounds", "1", "--stock-processes", "1,2"});
  ASSERT_EQ(report.at("results").size(), 9U);  // 3 numbers of clients x 3 servers
  for (const json& row : report.at("results")) {
    expect_plausible(row);
    EXPECT_EQ(row.at("rounds").get<int>(), 1);
  }
  EXPECT_EQ(report["results"][0]["server"].get<std::string>(), "uflush");
  EXPECT_TRUE(report["machine"]["kernel"].get<std::string>().starts_with("Linux"));
  EXPECT_NE(table_.find("add: 16 clients, 100 sites"), std::string::npos) << table_;
}

TEST_F(Flushbench, MeasuresPipelinedAddsOfUflushAlone) {
  const json report = run({"run", "pipeline", "--requests", "5000", "--rounds", "1"});
  ASSERT_EQ(report.at("results").size(), 1U);
  expect_plausible(report["results"][0]);
}

TEST_F(Flushbench, SendsTheSameMessagesOnceMoreInEveryRound) {
  const json report = run({"run", "send", "--messages", "300", "--rounds", "2"});
  ASSERT_EQ(report.at("results").size(), 2U);
  for (const json& row : report["results"]) expect_plausible(row);
}

TEST_F(Flushbench, RemovesItsSpoolWhenItIsInterrupted) {
  const support::TempDir parent;
  support::ProcessSpec spec;
  spec.program = UFLUSH_BUILT_FLUSHBENCH;
  spec.argv = {"flushbench", "run",  "add",          "--duration", "0.1",
               "--rounds",   "1000", "--filesystem", parent.path()};
  support::ChildProcess flushbench(spec);
  const auto spool_is_there = [&] { return !std::filesystem::is_empty(parent.path()); };
  ASSERT_TRUE(support::wait_until({parent.path()}, spool_is_there));
  flushbench.signal(SIGINT);
  const std::optional<support::Exit> exit = flushbench.wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 1);
  EXPECT_FALSE(spool_is_there());
}

TEST_F(Flushbench, LoadsAnyFlushSocketAndCountsRefusals) {
  const support::Spool spool(support::Parameters{{"fast_flush_domains", ""}});
  support::StandInOptions options;
  options.program = support::stock_daemon;
  support::MasterStandIn master(spool, options);
  master.supervise(2);
  const json load = run({"load", "--socket", master.socket_path(), "--clients", "3", "--requests", "50"});
  EXPECT_GE(load.at("requests").get<int>(), 50);
  EXPECT_EQ(load.at("refused"), load.at("requests"));
}

TEST_F(Flushbench, FailsLoudlyWhenNobodyListens) {
  const support::Output output =
      support::run({UFLUSH_BUILT_FLUSHBENCH, "load", "--socket", "/nonexistent/flush"});
  EXPECT_EQ(output.exit.status, 1);
  EXPECT_EQ(output.err, "flushbench: connect /nonexistent/flush: No such file or directory\n");
}

}  // namespace
}  // namespace uflush::bench
