#include <algorithm>

#include <fmt/format.h>

#include "tools/flushbench/report_plots.hpp"

namespace uflush::bench {
namespace {

bool has_two_values(const Curve& curve) {
  return std::any_of(curve.points.begin(), curve.points.end(),
                     [&](const auto& point) { return point.first != curve.points.front().first; });
}

Curve& find_or_add(std::vector<Curve>& curves, const RecordedRow& row, const Step& step) {
  const auto known = std::find_if(curves.begin(), curves.end(), [&](const Curve& curve) {
    return curve.kind == row.kind && curve.quantity == step.quantity && curve.fixed == step.curve;
  });
  if (known != curves.end()) return *known;
  return curves.emplace_back(Curve{row.kind, step.quantity, step.curve, {}});
}

std::vector<double> values_of(const Curve& curve) {
  std::vector<double> values;
  for (const auto& [value, row] : curve.points) values.push_back(value);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<Line> lines_of(const Curve& curve, const Measured& measured, const Palette& palette) {
  std::vector<Line> lines;
  for (const auto& [x, row] : curve.points) {
    const std::optional<Quantity> value = measured.get(*row);
    if (!value) continue;
    auto line = std::find_if(lines.begin(), lines.end(),
                             [&, server = row->server](const Line& each) { return each.label == server; });
    if (line == lines.end()) line = lines.insert(line, Line{row->server, palette.look(*row), {}});
    line->points.push_back({x, value->median / measured.axis_unit, value->low / measured.axis_unit,
                            value->high / measured.axis_unit,
                            fmt::format("{}, {} {}: {} ({})", row->server, number(x), curve.quantity,
                                        measured.text(value->median), quartiles(*value, measured.text))});
  }
  for (Line& line : lines)
    std::stable_sort(line.points.begin(), line.points.end(),
                     [](const Point& a, const Point& b) { return a.x < b.x; });
  return lines;
}

/// A row for each value, a column for each server.
NumberTable numbers_of(const std::string& caption, const Curve& curve, const std::vector<Line>& lines,
                       const Measured& measured) {
  NumberTable table{caption, {curve.quantity}, {}};
  for (const Line& line : lines) table.header.push_back(line.label);
  for (const double value : values_of(curve)) {
    std::vector<std::string>& row = table.rows.emplace_back();
    row.push_back(number(value));
    for (const Line& line : lines) {
      const auto point = std::find_if(line.points.begin(), line.points.end(),
                                      [value](const Point& each) { return each.x == value; });
      row.push_back(point == line.points.end() ? "" : measured.text(point->y * measured.axis_unit));
    }
  }
  return table;
}

/// Says in a sentence how each line runs.
std::string described(const std::vector<Line>& lines, const Curve& curve, const Measured& measured) {
  std::string sentence;
  for (const Line& line : lines) {
    const Point& first = line.points.front();
    const Point& last = line.points.back();
    sentence += fmt::format("{}{}: {} at {} {}, {} at {}", sentence.empty() ? "" : "; ", line.label,
                            measured.text(first.y * measured.axis_unit), number(first.x), curve.quantity,
                            measured.text(last.y * measured.axis_unit), number(last.x));
  }
  return sentence + ".";
}

/// With a tick at each value that was measured.
Axis axis_of(const Curve& curve) {
  const std::vector<double> values = values_of(curve);
  Axis axis = log_axis(curve.quantity, values.front(), values.back(), short_number);
  axis.low = values.front();
  axis.high = values.back();
  axis.ticks.clear();
  for (const double value : values) axis.ticks.push_back({value, short_number(value)});
  return axis;
}

double highest(const std::vector<Line>& lines) {
  double high = 0;
  for (const Line& line : lines)
    for (const Point& point : line.points) high = std::max(high, point.high.value_or(point.y));
  return high;
}

}  // namespace

std::vector<Curve> curves_of(const RecordedRun& run) {
  std::vector<Curve> curves;
  for (const RecordedRow& row : run.rows)
    for (const Step& step : row.steps)
      if (step.value > 0) find_or_add(curves, row, step).points.emplace_back(step.value, &row);
  std::erase_if(curves, [](const Curve& curve) { return !has_two_values(curve); });
  return curves;
}

Plot curve_plot(const Curve& curve, const Measured& measured, Palette& palette) {
  const std::string fixed = curve.fixed.empty() ? "" : ", " + curve.fixed;
  const std::string title =
      fmt::format("{}: {} by number of {}{}", curve.kind, measured.title, curve.quantity, fixed);
  const std::vector<Line> lines = lines_of(curve, measured, palette);
  const LineChart chart{{palette.next_id(), title, described(lines, curve, measured)},
                        axis_of(curve),
                        linear_axis(measured.unit, highest(lines), short_number),
                        lines};
  return {measured.title, fmt::format("by number of {}{}", curve.quantity, fixed), draw(chart),
          numbers_of(title, curve, lines, measured)};
}

}  // namespace uflush::bench
