#include "tools/flushbench/comparison.hpp"

#include <algorithm>
#include <set>

namespace uflush::bench {
namespace {

bool settled(const Series& series, const RoundLimits& limits) {
  return series.summary(&Measurement::per_second).uncertainty() <= limits.uncertainty_max &&
         series.summary(&Measurement::server_cpu_us).uncertainty() <= limits.uncertainty_max;
}

/// One comparison under way.
class Rounds {
 public:
  Rounds(BenchSpool& spool, const RoundLimits& limits, const Progress& progress)
      : spool_(spool), limits_(limits), progress_(progress) {}

  void add(const Workload& workload, const ServerKind& server) { all_.push_back({&workload, &server, {}}); }

  std::vector<Series> run() {
    total_ = (limits_.rounds_max + (limits_.count_system_calls ? 1 : 0)) * all_.size();
    std::vector<std::optional<double>> system_calls(all_.size());
    for (std::size_t i = 0; limits_.count_system_calls && i < all_.size(); ++i)
      system_calls[i] = measure(all_[i], Pass::count_system_calls).system_calls;
    for (std::size_t round = 0; round < limits_.rounds_max; ++round) {
      const std::set<const Workload*> unsettled = needs_more(round);
      for (std::size_t i = 0; i < all_.size(); ++i) {
        if (!unsettled.contains(all_[i].workload)) continue;
        all_[i].rounds.push_back(measure(all_[i], Pass::measure));
        all_[i].rounds.back().system_calls = system_calls[i];
      }
    }
    return std::move(all_);
  }

 private:
  Measurement measure(const Series& series, Pass pass) {
    const Workload& workload = *series.workload;
    progress_(static_cast<double>(done_++) / static_cast<double>(total_),
              workload.name() + ", " + workload.description() + ": " + series.server->name);
    return workload.measure(spool_, *series.server, pass);
  }

  /// All servers of a workload go on until the last of them has settled: they are to share their minutes.
  [[nodiscard]] std::set<const Workload*> needs_more(std::size_t round) const {
    std::set<const Workload*> workloads;
    for (const Series& series : all_)
      if (round < limits_.rounds_min || !settled(series, limits_)) workloads.insert(series.workload);
    return workloads;
  }

  BenchSpool& spool_;
  const RoundLimits& limits_;
  const Progress& progress_;
  std::vector<Series> all_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
};

}  // namespace

std::vector<Series> run_side_by_side(BenchSpool& spool,
                                     const std::vector<std::unique_ptr<Workload>>& workloads,
                                     const std::vector<ServerKind>& servers, const RoundLimits& limits,
                                     const Progress& progress) {
  Rounds rounds(spool, limits, progress);
  for (const auto& workload : workloads)
    for (const ServerKind& server : servers)
      if (!workload->obstacle() && workload->suits(server)) rounds.add(*workload, server);
  return rounds.run();
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

const Series* without_sync(const std::vector<Series>& all, const Series& series) {
  if (!series.server->syncs) return nullptr;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Series& other) {
    return other.workload == series.workload && other.server->program == series.server->program &&
           !other.server->syncs;
  });
  return found == all.end() ? nullptr : &*found;
}

bool client_is_the_limit(const Series& series) {
  constexpr double nearly_one_cpu = 0.9;
  const double us_per_second =
      series.summary([](const Measurement& round) { return round.client_cpu_us * round.per_second; }).median;
  return us_per_second > nearly_one_cpu * 1e6;
}

Summary Series::figure(std::string_view name) const {
  std::vector<double> values;
  for (const Measurement& round : rounds)
    for (const Figure& figure : round.figures)
      if (figure.name == name) values.push_back(figure.value);
  return summarize(std::move(values));
}

}  // namespace uflush::bench
