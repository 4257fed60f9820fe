#include "tools/flushbench/starting.hpp"

#include <algorithm>
#include <csignal>

#include "tests/support/failure.hpp"
#include "tools/flushbench/system_call_counter.hpp"

namespace uflush::bench {

Measurement Starting::measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const {
  spool.prepare_sites(1);
  std::optional<SystemCallCounter> counter;
  Latencies latencies;
  double seconds = 0, cpu = 0;
  Measurement result;
  const double client_cpu_before = thread_cpu_seconds();
  if (pass == Pass::count_system_calls) counter = SystemCallCounter::of_children();
  AddRequests requests(numbered_sites(1));
  const std::string reply = support::reply_bytes(support::status_ok);
  for (std::size_t start = 0; start < starts_; ++start) {
    support::MasterStandIn master(spool.spool(), start_options(kind, "floor_start"));
    place_servers(kind.placement);
    support::FlushClient client = master.connect();
    const Clock::time_point began = Clock::now();
    support::ChildProcess& server = master.spawn();
    place_clients(kind.placement);
    client.read_announcement();
    client.send(requests.next());
    if (client.read_bytes(reply.size()) != reply) support::fail(kind.name + " does not answer with OK");
    const std::chrono::nanoseconds took = Clock::now() - began;
    latencies.add_ns(took.count());
    seconds += std::chrono::duration<double>(took).count();
    result.memory_peak_bytes = std::max(result.memory_peak_bytes, memory_bytes({server.pid()}, "VmHWM"));
    server.signal(SIGKILL);
    if (const auto exit = server.wait())
      cpu += to_seconds(exit->usage.ru_utime) + to_seconds(exit->usage.ru_stime);
  }
  if (spool.logfile_lines() != starts_) support::fail(kind.name + " lost a line\n" + spool.log_text());
  const auto count = static_cast<double>(starts_);
  result.per_second = count / seconds;
  result.server_cpu_us = cpu * 1e6 / count;
  result.client_cpu_us = (thread_cpu_seconds() - client_cpu_before) * 1e6 / count;
  result.latency = latencies.percentiles();
  result.distribution = latencies.distribution();
  result.processes = 1;
  if (const auto calls = counter ? counter->count() : std::nullopt)
    result.system_calls = static_cast<double>(*calls) / count;
  return result;
}

}  // namespace uflush::bench
