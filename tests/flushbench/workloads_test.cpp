#include "tools/flushbench/workloads.hpp"

#include <set>
#include <tuple>

#include <gtest/gtest.h>

namespace uflush::bench {
namespace {

std::vector<std::unique_ptr<Workload>> all_workloads(const WorkloadOptions& options) {
  std::vector<std::string> names;
  for (const auto& known : workload_names()) names.push_back(known.name);
  return make_workloads(names, options);
}

// Two points at the same place would make a zigzag of a curve.
void expect_curves_without_doubles(const WorkloadOptions& options) {
  std::set<std::tuple<std::string, std::string, std::string, double>> points;
  for (const auto& workload : all_workloads(options)) {
    for (const Step& step : workload->steps()) {
      const auto point = std::tuple(workload->name(), step.quantity, step.curve, step.value);
      EXPECT_TRUE(points.insert(point).second) << workload->name() << ", " << workload->description() << ": "
                                               << step.quantity << " " << step.value << ", " << step.curve;
    }
  }
  EXPECT_GT(points.size(), 10U);
}

TEST(Workloads, LieOnCurvesThatHaveOnePointForEachValue) {
  expect_curves_without_doubles({});
  WorkloadOptions full;
  full.full = true;
  expect_curves_without_doubles(full);
  WorkloadOptions crossed;
  crossed.clients = {1, 16};
  crossed.sites = {1, 100};
  crossed.connections = {1, 16};
  crossed.batches = {8, 64};
  crossed.messages = {1000, 2000};
  crossed.logfiles = {10, 100};
  expect_curves_without_doubles(crossed);
}

TEST(Workloads, HaveADescriptionOfTheirOwn) {
  WorkloadOptions full;
  full.full = true;
  std::set<std::string> titles;
  for (const auto& workload : all_workloads(full))
    EXPECT_TRUE(titles.insert(workload->name() + ": " + workload->description()).second)
        << workload->description();
}

}  // namespace
}  // namespace uflush::bench
