#include "tools/flushbench/comparison.hpp"

#include <algorithm>

namespace uflush::bench {
namespace {

bool settled(const std::vector<Series>& all, const RoundLimits& limits) {
  return std::all_of(all.begin(), all.end(), [&](const Series& series) {
    return series.summary(&Measurement::per_second).uncertainty() <= limits.uncertainty_max &&
           series.summary(&Measurement::server_cpu_us).uncertainty() <= limits.uncertainty_max;
  });
}

}  // namespace

std::vector<Series> run_side_by_side(BenchSpool& spool,
                                     const std::vector<std::unique_ptr<Workload>>& workloads,
                                     const std::vector<ServerKind>& servers, const RoundLimits& limits,
                                     const Progress& progress) {
  std::vector<Series> all;
  for (const auto& workload : workloads)
    for (const ServerKind& server : servers)
      if (workload->suits(server)) all.push_back({workload.get(), &server, {}});
  const auto total = static_cast<double>(limits.rounds_max * all.size());
  std::size_t done = 0;
  for (std::size_t round = 0; round < limits.rounds_max; ++round) {
    if (round >= limits.rounds_min && settled(all, limits)) break;
    for (Series& series : all) {
      const Workload& workload = *series.workload;
      progress(static_cast<double>(done++) / total,
               workload.name() + ", " + workload.description() + ": " + series.server->name);
      series.rounds.push_back(workload.measure(spool, *series.server));
    }
  }
  return all;
}

const Series* best_stock(const std::vector<Series>& all, const Workload& workload) {
  const Series* best = nullptr;
  const auto rate = [](const Series& series) { return series.summary(&Measurement::per_second).median; };
  for (const Series& series : all) {
    if (series.workload != &workload || !series.server->is_stock) continue;
    if (best == nullptr || rate(series) > rate(*best)) best = &series;
  }
  return best;
}

const Series* floor_of(const std::vector<Series>& all, const Series& series) {
  if (series.server->is_floor) return nullptr;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Series& other) {
    return other.workload == series.workload && other.server->is_floor &&
           other.server->syncs == series.server->syncs;
  });
  return found == all.end() ? nullptr : &*found;
}

Summary Series::figure(std::string_view name) const {
  std::vector<double> values;
  for (const Measurement& round : rounds)
    for (const Figure& figure : round.figures)
      if (figure.name == name) values.push_back(figure.value);
  return summarize(std::move(values));
}

}  // namespace uflush::bench
