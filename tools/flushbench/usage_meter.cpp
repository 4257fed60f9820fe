#include "tools/flushbench/usage_meter.hpp"

namespace uflush::bench {

Measurement UsageMeter::finish(std::uint64_t operations) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  const double client_cpu = thread_cpu_seconds() - client_cpu_before_;
  const double cpu = server_.cpu_seconds() - cpu_before_;
  const auto count = static_cast<double>(operations);
  Measurement result;
  result.per_second = count / seconds;
  result.server_cpu_us = cpu * 1e6 / count;
  result.client_cpu_us = client_cpu * 1e6 / count;
  result.latency = one_latency(seconds);
  result.processes = server_.pids().size();
  result.memory_peak_bytes = memory_bytes(server_.pids(), "VmHWM");
  if (const auto calls = counter_ ? counter_->count() : std::nullopt)
    result.system_calls = static_cast<double>(*calls) / count;
  return result;
}

}  // namespace uflush::bench
