#include <fmt/format.h>

#include "tools/flushbench/report.hpp"

namespace uflush::bench {
namespace {

constexpr double mebibyte = 1024.0 * 1024;

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

std::string system_calls(const Series& series) {
  if (series.rounds.empty() || !series.rounds.front().system_calls) return "n/a";
  return fmt::format("{:.2f}", *series.rounds.front().system_calls);
}

/// Rate and CPU, how many times better than those of the other.
std::string ratio_to(const Series* other, const Series& series) {
  if (other == nullptr) return fmt::format("{:>7} {:>7}", "", "");
  const double rate = series.summary(&Measurement::per_second).median;
  const double other_rate = other->summary(&Measurement::per_second).median;
  const double cpu = series.summary(&Measurement::server_cpu_us).median;
  const double other_cpu = other->summary(&Measurement::server_cpu_us).median;
  return fmt::format("{:>6.2f}x {:>6.2f}x", rate / other_rate, other_cpu / cpu);
}

std::string figures(const Series& series) {
  std::string text;
  if (series.rounds.empty()) return text;
  for (const Figure& figure : series.rounds.front().figures)
    text +=
        fmt::format("{:>14}{}: {:.2f} {}\n", "", figure.name, series.figure(figure.name).median, figure.unit);
  return text;
}

/// What waiting for the disk costs.
std::string price_of_sync(const Report& report, const Series& series) {
  const Series* other = without_sync(report.series, series);
  if (other == nullptr) return "";
  return fmt::format("{:>14}of {}: {}\n", "", other->server->name, ratio_to(other, series));
}

std::string heading(const Series& series) {
  const Workload& workload = *series.workload;
  return fmt::format(
      "\n{}: {} ({} rounds)\n  {:11} {:>5} {:>11} {:6} {:>9} {:6} {:>6} {:>9} {:>9} {:>9} {:>9} {:>6} "
      "{:>6}  {:^15}  {:^15}\n",
      workload.name(), workload.description(), series.rounds.size(), "server", "procs",
      workload.operation() + "s/s", "", "CPU us", "", "calls", "p50 us", "p99 us", "p99.9 us", "max us",
      "MiB", "client", "of best stock", "of floor");
}

std::string row(const Report& report, const Series& series) {
  const Summary rate = series.summary(&Measurement::per_second);
  const Summary cpu = series.summary(&Measurement::server_cpu_us);
  const Summary processes = series.summary(&Measurement::processes);
  const Summary memory = series.summary(&Measurement::memory_peak_bytes);
  return fmt::format(
      "  {:11} {:>5.0f} {:>11} {:6} {:>9.2f} {:6} {:>6} {:>9} {:>9} {:>9} {:>9} {:>6.1f} {:>6.2f}  {}  "
      "{}{}\n{}",
      series.server->name, processes.median, grouped(rate.median), spread(rate), cpu.median, spread(cpu),
      system_calls(series), latency(series, &Percentiles::p50_us), latency(series, &Percentiles::p99_us),
      latency(series, &Percentiles::p999_us), latency(series, &Percentiles::max_us), memory.median / mebibyte,
      series.summary(&Measurement::client_cpu_us).median,
      ratio_to(best_stock(report.series, *series.workload), series),
      ratio_to(floor_of(report.series, series), series), client_is_the_limit(series) ? "  *" : "",
      price_of_sync(report, series) + figures(series));
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
    if (series.workload != last) text += heading(series);
    last = series.workload;
    text += row(report, series);
  }
  return text +
         "\nMedians of all rounds, +- half the distance between their quartiles. CPU: user and system time "
         "of all\n"
         "server processes per operation; calls: their system calls per operation; MiB: their peak memory; "
         "client: CPU\n"
         "us of the load generator per operation. Of best stock, of floor: rate and CPU, how many times "
         "better than the\n"
         "stock row of the highest rate, than the bare loop of the same system calls. *: the load generator "
         "has used a\n"
         "whole CPU, and was the limit.\n";
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
