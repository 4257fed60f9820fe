// The page of a run, read back with a real XML parser.
#include "tools/flushbench/report_html.hpp"

#include <array>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/child_process.hpp"
#include "tests/support/failure.hpp"
#include "tools/flushbench/report_plots.hpp"

namespace uflush::bench {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

json quantity(double median) {
  return {{"median", median}, {"low", median * 0.9}, {"high", median * 1.1}};
}

/// At 0 %, half, 99 % and all of the requests.
json distribution(const std::array<double, 4>& us) {
  return {{{"share", 0}, {"us", us[0]}},
          {{"share", 0.5}, {"us", us[1]}},
          {{"share", 0.99}, {"us", us[2]}},
          {{"share", 1}, {"us", us[3]}}};
}

struct RowOptions {
  std::string workload = "add";
  std::string description = "16 clients, 100 sites";
  std::string server = "uflush";
  bool stock = false;
  bool floor = false;
  double rate = 50'000;
  double cpu_us = 8;
  json steps = json::array();
};

json row(const RowOptions& options) {
  return {{"workload", options.workload},
          {"description", options.description},
          {"operation", "add"},
          {"server", options.server},
          {"stock", options.stock},
          {"floor", options.floor},
          {"syncs", false},
          {"processes", 1},
          {"rounds", 5},
          {"per_second", quantity(options.rate)},
          {"server_cpu_us", quantity(options.cpu_us)},
          {"client_cpu_us", quantity(10)},
          {"memory_peak_bytes", quantity(9e6)},
          {"system_calls", 4},
          {"latency_us",
           {{"p50", quantity(30)}, {"p99", quantity(90)}, {"p99.9", quantity(400)}, {"max", quantity(2000)}}},
          {"latency_distribution", distribution({10, 30, 90, 2000})},
          {"steps", options.steps},
          {"figures", json::object()}};
}

json run_of(std::vector<json> rows) {
  return {{"command", "flushbench run"},
          {"date", "2026-11-24 12:00:00 UTC"},
          {"machine",
           {{"cpu", "A CPU"},
            {"cpus", 2},
            {"kernel", "Linux 6.1"},
            {"file_system", "ext4 (/dev/vda)"},
            {"load_average", "0.10"},
            {"uflush_version", "0.1"},
            {"compiler", "GCC"},
            {"postfix_version", "3.7"}}},
          {"results", std::move(rows)}};
}

/// uflush, the stock daemon with one and two processes, and the floor.
std::vector<json> contest(RowOptions base = {}) {
  const auto with = [&base](const std::string& server, bool stock, bool floor, double rate, double cpu_us) {
    RowOptions options = base;
    options.server = server;
    options.stock = stock;
    options.floor = floor;
    options.rate = rate;
    options.cpu_us = cpu_us;
    return row(options);
  };
  return {with("uflush", false, false, 50'000, 8), with("flush x1", true, false, 10'000, 20),
          with("flush x2", true, false, 25'000, 24), with("floor", false, true, 55'000, 7.5)};
}

std::string page(const json& run) {
  return as_html(read_run(run.dump()));
}

/// What is wrong with the page as XML, and with what its elements point at. Empty when all is well.
std::string problems(const std::string& html) {
  static constexpr const char* reader = R"py(
import sys, xml.etree.ElementTree as tree
try:
    root = tree.fromstring(sys.stdin.buffer.read())
except tree.ParseError as error:
    sys.exit(print('not XML:', error))
elements = list(root.iter())
ids = [e.get('id') for e in elements if e.get('id')]
for i in set(ids):
    if ids.count(i) > 1: print('id twice:', i)
for e in elements:
    name = e.tag.split('}')[1]
    if name in ('script', 'link', 'img', 'iframe', 'object', 'use', 'image'): print('element:', name)
    for a, value in e.attrib.items():
        if a == 'href' and not (value.startswith('#') and value[1:] in ids): print('leads nowhere:', value)
        if a == 'aria-labelledby':
            for i in value.split():
                if i not in ids: print('no such label:', i)
        if a.startswith('on') or a == 'src': print('attribute:', a)
        if 'nan' in value.split() or 'inf' in value.split(): print('not a number:', a, value)
    if name == 'svg':
        texts = [t.text for t in e if t.tag.split('}')[1] in ('title', 'desc')]
        if len(texts) != 2 or not all(texts): print('plot without words')
    if name == 'figure':
        if len(list(e.iter('{http://www.w3.org/1999/xhtml}table'))) != 1: print('plot without a table')
)py";
  const support::Output output = support::run({"/usr/bin/python3", "-c", reader}, html);
  return output.exit.status == 0 ? output.out + output.err : "python3 failed: " + output.err;
}

class ReportPage : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/usr/bin/python3")) GTEST_SKIP() << "needs python3's XML parser";
  }
};

TEST_F(ReportPage, IsWellFormedAndComplete) {
  const std::string html = page(run_of(contest()));
  EXPECT_EQ(problems(html), "");
  for (const char* text :
       {"A CPU", "Linux 6.1", "ext4 (/dev/vda)", "2026-11-24 12:00:00 UTC", "<code>flushbench run</code>",
        "How to read this", "add: 16 clients, 100 sites", "System calls per add", "Peak memory"})
    EXPECT_THAT(html, HasSubstr(text));
}

TEST_F(ReportPage, HoldsWhateverComesFromOutside) {
  const std::string evil = "</text></script><script>alert(1)</script>&'\"\x01";
  RowOptions options;
  options.workload = options.description = options.server = evil;
  options.steps = {{{"quantity", evil}, {"value", 1}, {"curve", evil}}};
  json first = row(options);
  first["operation"] = evil;
  first["figures"] = {{evil, {{"unit", evil}, {"median", 1}, {"low", 1}, {"high", 1}}}};
  options.description += "2";
  options.steps[0]["value"] = 2;
  json run = run_of({first, row(options)});
  run["command"] = run["date"] = evil;
  for (const char* fact : {"cpu", "kernel", "file_system", "uflush_version", "compiler"})
    run["machine"][fact] = evil;
  const std::string html = page(run);
  EXPECT_EQ(problems(html), "");
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST_F(ReportPage, NeedsNeitherResultsNorTheFieldsOfNewerFiles) {
  EXPECT_EQ(problems(page(run_of({}))), "");
  json old = row({});
  for (const char* name :
       {"floor", "syncs", "memory_peak_bytes", "system_calls", "latency_distribution", "steps", "figures"})
    old.erase(name);
  json run = run_of({old});
  run.erase("date");
  const std::string html = page(run);
  EXPECT_EQ(problems(html), "");
  EXPECT_THAT(html, Not(HasSubstr("Peak memory")));
}

TEST_F(ReportPage, SurvivesMeasurementsOfZero) {
  RowOptions nothing;
  nothing.rate = nothing.cpu_us = 0;
  json zero = row(nothing);
  zero["latency_distribution"] = distribution({0, 0, 0, 0});
  RowOptions stock = nothing;
  stock.server = "flush x1";
  stock.stock = true;
  EXPECT_EQ(problems(page(run_of({zero, row(stock)}))), "");
}

TEST_F(ReportPage, DrawsTheFloorAsALineAndNotAsABar) {
  const std::string html = page(run_of(contest()));
  EXPECT_THAT(html, HasSubstr(">floor 55,000</text>"));
  EXPECT_THAT(html, HasSubstr("<title>uflush: 50,000 (45,000 to 55,000)</title>"));
  EXPECT_THAT(html, Not(HasSubstr("<title>floor: 55,000")));
}

TEST_F(ReportPage, SaysWhereTheLoadGeneratorWasTheLimit) {
  std::vector<json> rows = contest();
  rows[0]["client_is_the_limit"] = true;
  const std::string html = page(run_of(rows));
  EXPECT_THAT(html, HasSubstr(">\u2265 50,000</text>"));
  EXPECT_THAT(html, HasSubstr("<td>\u2265 50,000</td>"));
  EXPECT_THAT(html, Not(HasSubstr("\u2265 25,000")));
  EXPECT_THAT(html, Not(HasSubstr("\u2265 8 \u00b5s")));
}

TEST_F(ReportPage, ShowsTheQuantitiesThatOnlyOneWorkloadHas) {
  json sent = row({});
  sent["figures"] = {{"first scan trigger", {{"unit", "ms"}, {"median", 12}, {"low", 11}, {"high", 13}}}};
  const std::string html = page(run_of({sent}));
  EXPECT_EQ(problems(html), "");
  EXPECT_THAT(html, HasSubstr("<title>uflush: 12 ms (11 ms to 13 ms)</title>"));
  EXPECT_THAT(html, HasSubstr("First scan trigger"));
}

// ---- What it is made from.

TEST(RecordedRun, RefusesWhatIsNotTheJsonOfARun) {
  for (const char* text :
       {"", "{", "[]", "{\"requests\": 1}", "{\"command\": 1, \"machine\": {}, \"results\": []}"})
    EXPECT_THROW((void)read_run(text), support::HarnessError) << text;
}

TEST(RecordedRun, IsHeldAgainstTheFastestStockDaemonAndTheFloor) {
  const RecordedRun run = read_run(run_of(contest()).dump());
  const std::vector<Standing> standings = standings_of(workloads_of(run));
  ASSERT_EQ(standings.size(), 1U);
  EXPECT_DOUBLE_EQ(standings[0].rate_to_stock.value(), 2);  // 50,000 to the 25,000 of flush x2
  EXPECT_DOUBLE_EQ(standings[0].stock_cpu.value(), 3);      // 24 us to 8
  EXPECT_NEAR(standings[0].floor_cpu.value(), 8 / 7.5, 1e-12);
}

json step(const char* quantity, double value, const char* curve) {
  return {{"quantity", quantity}, {"value", value}, {"curve", curve}};
}

TEST(Curves, JoinWorkloadsThatDifferInOneQuantity) {
  RowOptions one;
  one.description = "1 client, 100 sites";
  one.steps = {step("clients", 1, "100 sites"), step("sites", 100, "1 client")};
  RowOptions sixteen;
  sixteen.steps = {step("clients", 16, "100 sites"), step("sites", 100, "16 clients")};
  std::vector<json> rows = contest(sixteen);  // not in order
  for (const json& each : contest(one)) rows.push_back(each);
  const RecordedRun run = read_run(run_of(rows).dump());
  const std::vector<Curve> curves = curves_of(run);
  ASSERT_EQ(curves.size(), 1U);  // one number of sites is no curve
  EXPECT_EQ(curves[0].quantity, "clients");
  EXPECT_EQ(curves[0].fixed, "100 sites");
  Palette palette(run);
  const Plot plot = curve_plot(curves[0], server_cpu("add"), palette);
  ASSERT_EQ(plot.numbers.rows.size(), 2U);
  EXPECT_THAT(plot.numbers.header,
              testing::ElementsAre("clients", "uflush", "flush x1", "flush x2", "floor"));
  EXPECT_THAT(plot.numbers.rows[0],
              testing::ElementsAre("1", "8 \u00b5s", "20 \u00b5s", "24 \u00b5s", "7.5 \u00b5s"));
  EXPECT_EQ(plot.numbers.rows[1].front(), "16");
}

TEST(Palette, GivesAServerTheSameLookEverywhereAndOthersAnother) {
  const RecordedRun run = read_run(run_of(contest()).dump());
  const Palette palette(run);
  EXPECT_EQ(palette.look(run.rows[0]).css_class, "ours0");
  EXPECT_EQ(palette.look(run.rows[1]).css_class, "stock0");
  EXPECT_EQ(palette.look(run.rows[2]).css_class, "stock1");
  EXPECT_EQ(palette.look(run.rows[3]).css_class, "floor0");
}

TEST(LatencyPlots, AreLeftOutWhereThereWasOneRequestOnly) {
  json sent = row({});
  sent["latency_distribution"] = json::array();
  const RecordedRun run = read_run(run_of({sent}).dump());
  Palette palette(run);
  EXPECT_THAT(latency_plots(workloads_of(run)[0], palette), IsEmpty());
  const auto time = bar_plot(workloads_of(run)[0], median_latency(), palette);
  ASSERT_TRUE(time);
  EXPECT_EQ(time->numbers.rows[0][2], "30 \u00b5s");
}

}  // namespace
}  // namespace uflush::bench
