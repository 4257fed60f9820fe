/// What is measured: one file of a comparison's rows each, the same for every server.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/flushbench/bench_spool.hpp"
#include "tools/flushbench/load_generator.hpp"
#include "tools/flushbench/server_under_test.hpp"

namespace uflush::bench {

/// A number that only some workloads have: `first scan trigger`, `ms`.
struct Figure {
  std::string name;
  std::string unit;
  double value = 0;
};

/// One server, one workload, one round.
struct Measurement {
  double per_second = 0;
  double server_cpu_us = 0;  ///< per operation, user and system, all processes
  double client_cpu_us = 0;  ///< per operation, of the load generator's thread
  Percentiles latency;
  std::size_t processes = 0;  ///< running at the end
  /// In us, at each of distribution_shares(); empty when only one latency was measured.
  std::vector<double> distribution = {};
  /// The most memory that the server processes have had resident (VmHWM), summed over the running ones.
  double memory_peak_bytes = 0;
  /// Of the server processes, per operation; counted apart, as counting disturbs. Absent where the kernel
  /// does not count for us.
  std::optional<double> system_calls = {};
  std::vector<Figure> figures = {};
};

/// The value of a quantity that grows from workload to workload: together they make a curve.
struct Step {
  std::string quantity;  ///< `clients`, `sites`, `messages`, `batch`
  double value = 0;
  std::string curve;  ///< what stays the same on this curve: `100 sites`; may be empty
};

/// Why a workload runs. Counting disturbs, so what is measured then does not count, and less work will do.
enum class Pass { measure, count_system_calls };

class Workload {
 public:
  virtual ~Workload() = default;
  [[nodiscard]] virtual std::string name() const = 0;         ///< `add`
  [[nodiscard]] virtual std::string description() const = 0;  ///< `16 clients, 100 sites`
  [[nodiscard]] virtual std::string operation() const = 0;    ///< `add`: what is counted
  /// Workloads with the same name(), quantity and curve are the points of one line; one workload may lie on
  /// several.
  [[nodiscard]] virtual std::vector<Step> steps() const { return {}; }
  [[nodiscard]] virtual bool suits(const ServerKind& kind) const = 0;
  /// Why it cannot be measured on this machine; absent when it can.
  [[nodiscard]] virtual std::optional<std::string> obstacle() const { return std::nullopt; }
  /// Starts the server, warms it up, measures, and ends it. A wrong reply, a lost line or message is a
  /// failure (support::HarnessError).
  virtual Measurement measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const = 0;
};

/// Of the stock daemon one process: for requests that keep one process busy, more of them are no other case.
[[nodiscard]] inline bool serves_alone(const ServerKind& kind) {
  return !kind.syncs && (!kind.is_stock || kind.processes_max == 1);
}

/// Sizes of the workloads; an empty list means the default of each.
struct WorkloadOptions {
  bool full = false;  ///< larger defaults: the whole matrix
  std::vector<std::size_t> clients;
  std::vector<std::size_t> sites;
  LoadLimit limit;
  std::vector<std::size_t> messages;
  std::vector<std::size_t> connections;
  std::vector<std::size_t> batches;
  std::vector<std::size_t> logfiles;
  std::size_t idle = 10'000;
  std::size_t stock_processes_max = 16;  ///< of the contestants
};

struct WorkloadName {
  std::string name;
  std::string what;  ///< one line
};
/// All that make_workloads() knows.
[[nodiscard]] const std::vector<WorkloadName>& workload_names();
[[nodiscard]] std::vector<std::unique_ptr<Workload>> make_workloads(const std::vector<std::string>& names,
                                                                    const WorkloadOptions& options);

}  // namespace uflush::bench
