/// All servers side by side: every workload on every server, round after round, until the medians settle.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

/// One workload on one server: a row of the table.
struct Series {
  const Workload* workload = nullptr;
  const ServerKind* server = nullptr;
  std::vector<Measurement> rounds;

  /// `get`: a member of Measurement, or a function of one.
  template <typename Get>
  [[nodiscard]] Summary summary(const Get& get) const {
    std::vector<double> values;
    for (const Measurement& round : rounds) values.push_back(static_cast<double>(std::invoke(get, round)));
    return summarize(std::move(values));
  }
  /// A figure by its name, over the rounds that have it.
  [[nodiscard]] Summary figure(std::string_view name) const;
};

struct RoundLimits {
  std::size_t rounds_min = 5;
  std::size_t rounds_max = 15;
  double uncertainty_max = 0.03;   ///< of every median rate and CPU time: see Summary::uncertainty()
  bool count_system_calls = true;  ///< in a pass before the rounds
};

/// Told before each measurement: how much is done (of rounds_max, 0 to 1), and what comes.
using Progress = std::function<void(double done, std::string_view next)>;

/// Leaves out what meets an obstacle. The servers take turns within a round, so that a slow minute of the
/// machine hits all of them alike. The series point at `workloads` and `servers`.
[[nodiscard]] std::vector<Series> run_side_by_side(BenchSpool& spool,
                                                   const std::vector<std::unique_ptr<Workload>>& workloads,
                                                   const std::vector<ServerKind>& servers,
                                                   const RoundLimits& limits, const Progress& progress);

/// The stock daemon's series with the highest median rate on that workload; null when it has none.
[[nodiscard]] const Series* best_stock(const std::vector<Series>& all, const Workload& workload);
/// The bare loop that did the same work as `series`; null when there is none, or when it is one itself.
[[nodiscard]] const Series* floor_of(const std::vector<Series>& all, const Series& series);

/// The server that did the work of `series` without waiting for the disk; null when there is none, or when
/// `series` does not wait either.
[[nodiscard]] const Series* without_sync(const std::vector<Series>& all, const Series& series);
/// True when the load generator used nearly a whole CPU: then the rate tells of it, not of the server.
[[nodiscard]] bool client_is_the_limit(const Series& series);

}  // namespace uflush::bench
