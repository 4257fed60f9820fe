#include <fmt/format.h>

#include "tools/flushbench/report.hpp"

namespace uflush::bench {
namespace {

/// 51,234
std::string grouped(double value) {
  const std::string digits = fmt::format("{:.0f}", value);
  std::string text;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    if (at > 0 && (digits.size() - at) % 3 == 0) text += ',';
    text += digits[at];
  }
  return text;
}

/// Half the distance between the quartiles, in percent of the median.
std::string spread(const Summary& summary) {
  if (summary.median == 0) return "";
  return fmt::format("+-{:.0f}%", 50 * (summary.high - summary.low) / summary.median);
}

std::string latency(const Series& series, double Percentiles::*which) {
  const Summary summary = series.summary([which](const Measurement& round) { return round.latency.*which; });
  return grouped(summary.median);
}

std::string ratio_to(const Series* stock, const Series& series) {
  if (stock == nullptr) return "";
  const double rate = series.summary(&Measurement::per_second).median;
  const double stock_rate = stock->summary(&Measurement::per_second).median;
  const double cpu = series.summary(&Measurement::server_cpu_us).median;
  const double stock_cpu = stock->summary(&Measurement::server_cpu_us).median;
  return fmt::format("{:.2f}x {:5.2f}x", rate / stock_rate, stock_cpu / cpu);
}

std::string heading(const Workload& workload) {
  const std::string what = workload.operation();
  return fmt::format("\n{}: {}\n  {:10} {:>5} {:>11} {:6} {:>9} {:6} {:>9} {:>9} {:>9} {:>9}  {}\n",
                     workload.name(), workload.description(), "server", "procs", what + "s/s", "", "CPU us",
                     "", "p50 us", "p99 us", "p99.9 us", "max us", "rate   CPU");
}

std::string row(const Series& series, const Series* stock) {
  const Summary rate = series.summary(&Measurement::per_second);
  const Summary cpu = series.summary(&Measurement::server_cpu_us);
  const Summary processes = series.summary(&Measurement::processes);
  return fmt::format("  {:10} {:>5.0f} {:>11} {:6} {:>9.2f} {:6} {:>9} {:>9} {:>9} {:>9}  {}\n",
                     series.server->name, processes.median, grouped(rate.median), spread(rate), cpu.median,
                     spread(cpu), latency(series, &Percentiles::p50_us),
                     latency(series, &Percentiles::p99_us), latency(series, &Percentiles::p999_us),
                     latency(series, &Percentiles::max_us), ratio_to(stock, series));
}

}  // namespace

std::string as_table(const Report& report) {
  const Machine& machine = report.machine;
  std::string text =
      fmt::format("{} x {}, {}, {}, load {} before\nuflush {} ({}), Postfix {}\n{}\n", machine.cpus,
                  machine.cpu, machine.kernel, machine.file_system, machine.load_average,
                  machine.uflush_version, machine.compiler, machine.postfix_version, report.command_line);
  const Workload* last = nullptr;
  for (const Series& series : report.series) {
    if (series.workload != last) text += heading(*series.workload);
    last = series.workload;
    text += row(series, best_stock(report.series, *series.workload));
  }
  const std::size_t rounds = report.series.empty() ? 0 : report.series.front().rounds.size();
  return text + fmt::format(
                    "\nMedians of {} rounds, +- half the distance between their quartiles. CPU: user and "
                    "system time of all\nserver processes per operation. rate, CPU: times better than "
                    "the best stock row of the same workload.\n",
                    rounds);
}

std::string as_text(const LoadResult& load) {
  return fmt::format(
      "{} requests in {:.3f} s: {}/s, {} refused\nlatency us: p50 {:.0f}, p99 {:.0f}, p99.9 {:.0f}, max "
      "{:.0f}\n"
      "client CPU: {:.2f} us per request\n",
      grouped(static_cast<double>(load.requests)), load.seconds,
      grouped(static_cast<double>(load.requests) / load.seconds), load.refused, load.latency.p50_us,
      load.latency.p99_us, load.latency.p999_us, load.latency.max_us,
      load.client_cpu_seconds * 1e6 / static_cast<double>(load.requests));
}

}  // namespace uflush::bench
