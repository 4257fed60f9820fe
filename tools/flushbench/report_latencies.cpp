#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "tools/flushbench/report_plots.hpp"

namespace uflush::bench {
namespace {

/// Where the tail plot puts the slowest request of all: beyond 99.99 %.
constexpr double nines_max = 5;

/// The tail plot begins with the slower half.
constexpr double tail_begins = 0.5;

/// 0 for 0 %, 1 for 90 %, 2 for 99 %, and so on.
double nines(double share) {
  return share >= 1 ? nines_max : std::min(nines_max, -std::log10(1 - share));
}

std::string percent(double share) {
  return number(share * 100) + "%";
}

Axis nines_axis() {
  Axis axis{"share of requests answered", nines(tail_begins), nines_max};
  for (const double share : {0.5, 0.9, 0.99, 0.999, 0.9999})
    axis.ticks.push_back({nines(share), fmt::format("{:g}%", share * 100)});
  axis.ticks.push_back({nines_max, "all"});
  return axis;
}

std::vector<const RecordedRow*> with_distribution(const RecordedWorkload& workload) {
  std::vector<const RecordedRow*> rows;
  for (const RecordedRow* row : workload.rows)
    if (!row->distribution.empty()) rows.push_back(row);
  return rows;
}

/// From the fastest to the slowest request of all servers, but at least from a nanosecond.
Axis time_axis(const std::vector<const RecordedRow*>& rows, double share_min, double share_max) {
  constexpr double us_min = 0.001;
  double low = 1e12;
  double high = us_min;
  for (const RecordedRow* row : rows) {
    for (const auto& [share, us] : row->distribution) {
      if (share < share_min || share > share_max) continue;
      low = std::min(low, std::max(us, us_min));
      high = std::max(high, us);
    }
  }
  return log_axis("time from connect or send to the whole reply", std::min(low, high), high, duration);
}

NumberTable latency_numbers(const std::string& caption, const std::vector<const RecordedRow*>& rows) {
  NumberTable table{caption, {"server", "p50", "p99", "p99.9", "max", "quartiles of p99"}, {}};
  for (const RecordedRow* row : rows)
    table.rows.push_back({row->server, duration(row->p50_us.median), duration(row->p99_us.median),
                          duration(row->p999_us.median), duration(row->max_us.median),
                          quartiles(row->p99_us, duration)});
  return table;
}

std::string described(const std::vector<const RecordedRow*>& rows) {
  std::string sentence;
  for (const RecordedRow* row : rows)
    sentence += fmt::format("{}{}: half of the requests within {}, 99 % within {}, all within {}",
                            sentence.empty() ? "" : "; ", row->server, duration(row->p50_us.median),
                            duration(row->p99_us.median), duration(row->max_us.median));
  return sentence + ".";
}

}  // namespace

std::vector<Plot> latency_plots(const RecordedWorkload& workload, Palette& palette) {
  const std::vector<const RecordedRow*> rows = with_distribution(workload);
  if (rows.empty()) return {};
  constexpr double nearly_all = 0.995;
  LineChart all{{palette.next_id(), workload.name + ": latency of all requests", described(rows)},
                time_axis(rows, 0, nearly_all),
                {"share of requests answered", 0, 1},
                {}};
  for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) all.y.ticks.push_back({share, percent(share)});
  LineChart slowest{{palette.next_id(), workload.name + ": latency of the slowest requests", described(rows)},
                    time_axis(rows, tail_begins, 1),
                    nines_axis(),
                    {}};
  for (const RecordedRow* row : rows) {
    Line shares{row->server, palette.look(*row), {}, false};
    Line tail = shares;
    for (const auto& [share, us] : row->distribution) {
      if (share <= nearly_all) shares.points.push_back({us, share});
      if (share >= tail_begins) tail.points.push_back({us, nines(share)});
    }
    all.lines.push_back(std::move(shares));
    slowest.lines.push_back(std::move(tail));
  }
  const NumberTable numbers = latency_numbers(workload.name + ": latency, medians of the rounds", rows);
  return {{"Latency", "steep and far to the left is good", draw(all), numbers},
          {"Latency of the slowest", "each line of the grid: ten times rarer", draw(slowest), numbers}};
}

}  // namespace uflush::bench
