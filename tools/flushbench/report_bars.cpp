#include <algorithm>

#include <fmt/format.h>

#include "tools/flushbench/report_plots.hpp"

namespace uflush::bench {
namespace {

constexpr double mebibyte = 1024 * 1024;

std::string microseconds(double value) {
  return number(value) + " \u00b5s";
}

/// What a bar plot is made of, whatever it shows.
struct ServerQuantity {
  const RecordedRow* row;
  Quantity value;
};

std::string capitalized(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() -= 'a' - 'A';
  return text;
}

/// A rate that the load generator has limited is a lower bound.
std::string bounded(const RecordedRow& row, const Measured& measured, const std::string& text) {
  return measured.is_bounded_by_client && row.client_is_the_limit ? "\u2265 " + text : text;
}

/// Says in a sentence what the bars show.
std::string described(const std::vector<ServerQuantity>& servers, const ValueText& text) {
  std::string sentence;
  for (const ServerQuantity& server : servers)
    sentence +=
        fmt::format("{}{}: {}", sentence.empty() ? "" : "; ", server.row->server, text(server.value.median));
  return sentence + ".";
}

NumberTable numbers_of(const std::string& caption, const std::vector<ServerQuantity>& servers,
                       const ValueText& text) {
  NumberTable table{caption, {"server", "processes", "median", "quartiles", "rounds"}, {}};
  for (const auto& [row, value] : servers)
    table.rows.push_back({row->server, number(row->processes), text(value.median), quartiles(value, text),
                          std::to_string(row->rounds)});
  return table;
}

Plot draw_bars(const RecordedWorkload& workload, const std::vector<ServerQuantity>& servers,
               const Measured& measured, Palette& palette) {
  double highest = 0;
  BarChart chart{{palette.next_id(), fmt::format("{}: {}", workload.name, measured.title),
                  described(servers, measured.text)},
                 {},
                 {},
                 {}};
  for (const auto& [row, value] : servers) {
    const Quantity on_axis{value.median / measured.axis_unit, value.low / measured.axis_unit,
                           value.high / measured.axis_unit};
    highest = std::max(highest, on_axis.high);
    const std::string text = bounded(*row, measured, measured.text(value.median));
    if (row->role == ServerRole::floor)
      chart.levels.push_back({fmt::format("{} {}", row->server, text), palette.look(*row), on_axis.median});
    else
      chart.bars.push_back({row->server, palette.look(*row), on_axis.median, on_axis.low, on_axis.high, text,
                            fmt::format("{}: {} ({})", row->server, text, quartiles(value, measured.text))});
  }
  chart.axis = linear_axis(measured.unit, highest, short_number);
  return {measured.title, "", draw(chart), numbers_of(chart.text.title, servers, measured.text)};
}

}  // namespace

Measured rate(const std::string& operation) {
  Measured measured{"Rate", operation + "s per second",
                    [](const RecordedRow& row) { return std::optional(row.per_second); }, number};
  measured.is_bounded_by_client = true;
  return measured;
}

Measured server_cpu(const std::string& operation) {
  return {"Server CPU per " + operation, "\u00b5s of all server processes",
          [](const RecordedRow& row) { return std::optional(row.server_cpu_us); }, microseconds};
}

Measured peak_memory() {
  return {"Peak memory", "MiB resident, all server processes",
          [](const RecordedRow& row) { return row.memory_peak_bytes; }, byte_size, mebibyte};
}

Measured system_calls(const std::string& operation) {
  return {"System calls per " + operation, "calls of all server processes",
          [](const RecordedRow& row) { return row.system_calls; }, number};
}

Measured median_latency() {
  return {"Time of the whole request", "ms", [](const RecordedRow& row) { return std::optional(row.p50_us); },
          duration, 1000};
}

std::optional<Plot> bar_plot(const RecordedWorkload& workload, const Measured& measured, Palette& palette) {
  std::vector<ServerQuantity> servers;
  for (const RecordedRow* row : workload.rows)
    if (const auto value = measured.get(*row); value && value->median > 0) servers.push_back({row, *value});
  if (servers.empty()) return std::nullopt;
  return draw_bars(workload, servers, measured, palette);
}

std::vector<Plot> figure_plots(const RecordedWorkload& workload, Palette& palette) {
  std::vector<std::string> names;
  std::vector<Plot> plots;
  for (const RecordedRow* first : workload.rows) {
    for (const RecordedFigure& figure : first->figures) {
      if (std::find(names.begin(), names.end(), figure.name) != names.end()) continue;
      names.push_back(figure.name);
      const Measured measured{capitalized(figure.name), figure.unit, nullptr,
                              [unit = figure.unit](double value) { return number(value) + " " + unit; }};
      std::vector<ServerQuantity> servers;
      for (const RecordedRow* row : workload.rows)
        for (const RecordedFigure& each : row->figures)
          if (each.name == figure.name) servers.push_back({row, each.value});
      plots.push_back(draw_bars(workload, servers, measured, palette));
    }
  }
  return plots;
}

std::string quartiles(const Quantity& quantity, const ValueText& text) {
  return fmt::format("{} to {}", text(quantity.low), text(quantity.high));
}

}  // namespace uflush::bench
