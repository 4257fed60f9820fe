/// What is measured: one file of a comparison's rows each, the same for every server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/flushbench/bench_spool.hpp"
#include "tools/flushbench/load_generator.hpp"
#include "tools/flushbench/server_under_test.hpp"

namespace uflush::bench {

/// One server, one workload, one round.
struct Measurement {
  double per_second = 0;
  double server_cpu_us = 0;  ///< per operation, user and system, all processes
  double client_cpu_us = 0;  ///< per operation, of the load generator's thread
  Percentiles latency;
  std::size_t processes = 0;  ///< running at the end
};

class Workload {
 public:
  virtual ~Workload() = default;
  [[nodiscard]] virtual std::string name() const = 0;         ///< `add`
  [[nodiscard]] virtual std::string description() const = 0;  ///< `16 clients, 100 sites`
  [[nodiscard]] virtual std::string operation() const = 0;    ///< `add`: what is counted
  [[nodiscard]] virtual bool suits(const ServerKind& kind) const = 0;
  /// Starts the server, warms it up, measures, and ends it. A wrong reply, a lost line or message is a
  /// failure (support::HarnessError).
  virtual Measurement measure(BenchSpool& spool, const ServerKind& kind) const = 0;
};

struct WorkloadOptions {
  std::vector<std::size_t> clients = {1, 16, 256};
  std::size_t sites = 100;
  LoadLimit limit;
  std::size_t messages = 20'000;
  std::size_t connections = 16;
  std::size_t batch = 64;
};

/// The names that make_workloads() knows.
[[nodiscard]] const std::vector<std::string>& workload_names();
[[nodiscard]] std::vector<std::unique_ptr<Workload>> make_workloads(const std::vector<std::string>& names,
                                                                    const WorkloadOptions& options);

}  // namespace uflush::bench
