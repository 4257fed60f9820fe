/// What the servers use while one workload runs.
#pragma once

#include <optional>

#include "tools/flushbench/system_call_counter.hpp"
#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

/// Counts from construction on.
class UsageMeter {
 public:
  UsageMeter(const ServerUnderTest& server, Pass pass)
      : server_(server), client_cpu_before_(thread_cpu_seconds()) {
    if (pass == Pass::count_system_calls) counter_.emplace(server.pids());
    cpu_before_ = server.cpu_seconds();
    began_ = Clock::now();
  }

  /// The work is done: CPU, memory, processes, system calls and rate, for so many operations.
  [[nodiscard]] Measurement finish(std::uint64_t operations) const;

 private:
  const ServerUnderTest& server_;
  double client_cpu_before_;
  std::optional<SystemCallCounter> counter_;
  double cpu_before_ = 0;
  Clock::time_point began_;
};

/// Latencies of a measurement that is one request.
[[nodiscard]] inline Percentiles one_latency(double seconds) {
  const double us = seconds * 1e6;
  return {us, us, us, us};
}

}  // namespace uflush::bench
