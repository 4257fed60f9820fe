#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "tools/flushbench/report_plots.hpp"

namespace uflush::bench {
namespace {

/// Nothing when there is nothing to divide by.
std::optional<double> ratio(double a, double b) {
  if (a <= 0 || b <= 0) return std::nullopt;
  return a / b;
}

/// For ticks, which are round.
std::string round_times(double ratio) {
  return number(ratio) + "x";
}

std::string text_of(const std::optional<double>& value) {
  return value ? times(*value) : "";
}

Point dot(const std::optional<double>& value, std::string_view what) {
  if (!value) return {std::numeric_limits<double>::quiet_NaN()};
  return {*value, 0, std::nullopt, std::nullopt, fmt::format("{}: {}", what, times(*value))};
}

/// With the server where it is not the only one of ours.
std::string label_of(const Standing& standing, const std::vector<Standing>& all) {
  const RecordedRow& ours = *standing.ours;
  const bool is_only_one = std::all_of(
      all.begin(), all.end(), [&ours](const Standing& other) { return other.ours->server == ours.server; });
  return is_only_one ? ours.workload : fmt::format("{} ({})", ours.workload, ours.server);
}

}  // namespace

std::string times(double ratio) {
  return ratio < 10 ? fmt::format("{:.2f}x", ratio) : number(ratio) + "x";
}

std::vector<Standing> standings_of(const std::vector<RecordedWorkload>& workloads) {
  std::vector<Standing> standings;
  for (const RecordedWorkload& workload : workloads) {
    const RecordedRow* stock = best_stock(workload);
    for (const RecordedRow* row : workload.rows) {
      if (row->role != ServerRole::ours) continue;
      Standing& standing = standings.emplace_back();
      standing.ours = row;
      if (stock != nullptr) {
        standing.rate_to_stock = ratio(row->per_second.median, stock->per_second.median);
        standing.stock_cpu = ratio(stock->server_cpu_us.median, row->server_cpu_us.median);
      }
      if (const RecordedRow* floor = floor_of(workload, *row))
        standing.floor_cpu = ratio(row->server_cpu_us.median, floor->server_cpu_us.median);
    }
  }
  return standings;
}

std::optional<Plot> ratio_plot(const std::vector<Standing>& standings, Palette& palette) {
  const std::string title = "Times better than the best stock daemon";
  double low = 1;
  double high = 1;
  DotChart chart{{palette.next_id(), title, "Each row is a workload; right of the line is better."},
                 {},
                 1,
                 {{"requests per second", {"ratio-rate", Look::Shape::circle}},
                  {"server CPU per request", {"ratio-cpu", Look::Shape::diamond}}},
                 {}};
  NumberTable numbers{title, {"workload", "rate", "CPU"}, {}};
  for (const Standing& standing : standings) {
    if (!standing.rate_to_stock && !standing.stock_cpu) continue;
    for (const auto& value : {standing.rate_to_stock, standing.stock_cpu}) {
      low = std::min(low, value.value_or(1));
      high = std::max(high, value.value_or(1));
    }
    chart.rows.push_back({label_of(standing, standings),
                          {dot(standing.rate_to_stock, "rate"), dot(standing.stock_cpu, "CPU")}});
    numbers.rows.push_back(
        {label_of(standing, standings), text_of(standing.rate_to_stock), text_of(standing.stock_cpu)});
  }
  if (chart.rows.empty()) return std::nullopt;
  chart.axis = log_axis("times better", low, high, round_times);
  return Plot{title, "right of the line: better", draw(chart), std::move(numbers), true};
}

}  // namespace uflush::bench
