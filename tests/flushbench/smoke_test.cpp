#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tests/support/child_process.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/spool.hpp"
#include "tests/support/temp_dir.hpp"
#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {
namespace {

using nlohmann::json;
using testing::ElementsAre;

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
  EXPECT_GT(median_of(row.at("memory_peak_bytes")), 100'000);
  EXPECT_LT(median_of(row.at("memory_peak_bytes")), 1e9);
}

std::vector<std::string> servers_of(const json& report) {
  std::vector<std::string> servers;
  for (const json& row : report.at("results")) servers.push_back(row.at("server").get<std::string>());
  return servers;
}

/// Uflush, one stock daemon and the bare loop, in this order.
void expect_three_plausible_rows(const json& report) {
  EXPECT_THAT(servers_of(report), ElementsAre("uflush", "flush x1", "floor"));
  for (const json& row : report.at("results")) expect_plausible(row);
}

TEST_F(Flushbench, MeasuresAddsOfAllServersWithPlausibleNumbers) {
  const json report = run({"run", "add", "--clients", "1,16", "--sites", "3,100", "--requests", "200",
                           "--rounds", "2", "--stock-processes", "1,2"});
  ASSERT_EQ(report.at("results").size(), 16U);  // 2 numbers of clients x 2 of sites x 4 servers
  for (const json& row : report.at("results")) {
    expect_plausible(row);
    EXPECT_EQ(row.at("rounds").get<int>(), 2);
  }
  const json& first = report["results"][0];
  EXPECT_EQ(first["server"].get<std::string>(), "uflush");
  EXPECT_EQ(first["steps"][0], (json{{"quantity", "clients"}, {"value", 1.0}, {"curve", "3 sites"}}));
  EXPECT_EQ(first["steps"][1], (json{{"quantity", "sites"}, {"value", 3.0}, {"curve", "1 client"}}));
  EXPECT_GT(first["latency_distribution"].size(), 100U);
  EXPECT_GT(first["rate_to_best_stock"].get<double>(), 0);
  EXPECT_GT(first["rate_to_floor"].get<double>(), 0);
  EXPECT_TRUE(report["machine"]["kernel"].get<std::string>().starts_with("Linux"));
  EXPECT_NE(table_.find("add: 16 clients, 100 sites"), std::string::npos) << table_;
}

TEST_F(Flushbench, CountsTheSystemCallsOfTheServers) {
  const json report =
      run({"run", "add", "--clients", "4", "--requests", "400", "--rounds", "1", "--stock-processes", "1"});
  for (const json& row : report.at("results")) {
    const json& calls = row.at("system_calls");
    if (calls.is_null()) GTEST_SKIP() << "the kernel does not count system calls for us";
    EXPECT_GT(calls.get<double>(), 3) << row.dump();
    EXPECT_LT(calls.get<double>(), 200) << row.dump();
  }
}

TEST_F(Flushbench, MeasuresSyncBesideNone) {
  const json report = run({"run", "sync", "--clients", "4", "--requests", "200", "--rounds", "1"});
  EXPECT_THAT(servers_of(report), ElementsAre("uflush", "uflush sync", "flush x16", "floor sync"));
  EXPECT_GT(report["results"][1].at("rate_to_none").get<double>(), 0);
  EXPECT_FALSE(report["results"][0].contains("rate_to_none"));
  for (const json& row : report.at("results")) expect_plausible(row);
}

TEST_F(Flushbench, MeasuresConnectionsThatStayWithoutTheStockDaemon) {
  const json report = run({"run", "keepopen", "pipeline", "--batch", "1,64", "--connections", "1,3",
                           "--requests", "2000", "--rounds", "1"});
  ASSERT_EQ(report.at("results").size(), 12U);  // 2 x (1 + 2) workloads x 2 servers
  for (const json& row : report.at("results")) expect_plausible(row);
}

TEST_F(Flushbench, SendsTheSameMessagesOnceMoreInEveryRound) {
  const json report = run({"run", "send", "--messages", "300", "--rounds", "2"});
  expect_three_plausible_rows(report);
  for (const json& row : report["results"])
    EXPECT_GT(median_of(row.at("figures").at("first scan trigger")), 0) << row.dump();
}

TEST_F(Flushbench, SendsFilesOneByOne) {
  expect_three_plausible_rows(run({"run", "send-file", "--messages", "50", "--rounds", "2"}));
}

TEST_F(Flushbench, SendsOnSeveralFileSystems) {
  const support::TempDir first, second;
  const json report = run({"run", "send", "--messages", "50,100", "--rounds", "1", "--filesystem",
                           first.path() + "," + second.path(), "--only-uflush", "--no-floor"});
  EXPECT_EQ(report.at("results").size(), 4U);
  EXPECT_EQ(report["results"][3]["steps"][0]["value"].get<double>(), 100);
}

TEST_F(Flushbench, MeasuresAddsWhileASendRuns) {
  const json report =
      run({"run", "add-during-send", "--messages", "3000", "--rounds", "1", "--no-system-calls"});
  ASSERT_EQ(report.at("results").size(), 6U);  // the same site and another x 3 servers
  for (const json& row : report["results"]) {
    EXPECT_GT(median_of(row.at("latency_us").at("max")), 1) << row.dump();
    EXPECT_GT(median_of(row.at("figures").at("send")), 0) << row.dump();
  }
}

TEST_F(Flushbench, RefreshesLogfilesThatAreDueAndThatAreNot) {
  const json report = run({"run", "refresh", "--logfiles", "200", "--rounds", "2"});
  ASSERT_EQ(report.at("results").size(), 6U);
  for (const json& row : report["results"]) expect_plausible(row);
}

TEST_F(Flushbench, StartsServers) {
  expect_three_plausible_rows(run({"run", "start", "--rounds", "1"}));
}

TEST_F(Flushbench, KeepsIdleConnectionsWhileItAdds) {
  const json report = run({"run", "idle", "--idle", "500", "--requests", "100", "--rounds", "1"});
  EXPECT_THAT(servers_of(report), ElementsAre("uflush", "floor"));
  for (const json& row : report["results"]) {
    expect_plausible(row);
    EXPECT_TRUE(row.at("figures").contains("memory of idle connections")) << row.dump();
  }
}

TEST_F(Flushbench, ExplainsEveryWorkload) {
  const support::Output help = support::run({UFLUSH_BUILT_FLUSHBENCH, "run", "--help"});
  for (const WorkloadName& workload : workload_names())
    EXPECT_NE(help.out.find("  " + workload.name + " "), std::string::npos) << workload.name;
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

TEST_F(Flushbench, LoadsASocketWithMoreClientsThanItsQueueHolds) {
  const support::Spool spool;
  support::StandInOptions options;
  options.program = support::stock_daemon;
  support::MasterStandIn master(spool, options);
  master.supervise(2);
  for (const char* way : {"--ring", "--no-ring"}) {
    const json load =
        run({"load", "--socket", master.socket_path(), "--clients", "150", "--requests", "600", way});
    EXPECT_GE(load.at("requests").get<int>(), 600) << way;
    EXPECT_EQ(load.at("refused"), 0) << way;
  }
}

TEST_F(Flushbench, LoadsASocketWithSends) {
  const support::Spool spool;
  support::StandInOptions options;
  options.program = support::stock_daemon;
  support::MasterStandIn master(spool, options);
  master.supervise(1);
  const json load =
      run({"load", "--socket", master.socket_path(), "--request", "send-site", "--requests", "20"});
  EXPECT_GE(load.at("requests").get<int>(), 20);
  EXPECT_EQ(load.at("refused"), 0);
}

TEST_F(Flushbench, FailsLoudlyWhenNobodyListens) {
  for (const char* way : {"--ring", "--no-ring"}) {
    const support::Output output =
        support::run({UFLUSH_BUILT_FLUSHBENCH, "load", "--socket", "/nonexistent/flush", way});
    EXPECT_EQ(output.exit.status, 1);
    EXPECT_EQ(output.err, "flushbench: connect /nonexistent/flush: No such file or directory\n");
  }
}

}  // namespace
}  // namespace uflush::bench
