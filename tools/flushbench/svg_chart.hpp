/// Plots as SVG text: from data alone, without scripts, fonts or anything from a network. Colours and dashes
/// are the page's business: every mark has the class of its series (report_style.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/flushbench/svg_axis.hpp"

namespace uflush::bench {

/// How one series looks in all plots.
struct Look {
  std::string css_class;
  enum class Shape : unsigned char { circle, square, diamond, triangle, cross } shape = Shape::circle;
};

/// What every plot has. `id` is unique on the page. Title and description are what those who can't see the
/// plot are told.
struct PlotText {
  std::string id;
  std::string title;
  std::string description;
};

struct Bar {
  std::string label;
  Look look;
  double value = 0;
  double low = 0;  ///< the whisker's ends
  double high = 0;
  std::string value_text;
  std::string hint;  ///< shown under the pointer
};

/// A line across all bars.
struct Level {
  std::string label;
  Look look;
  double value = 0;
};

struct BarChart {
  PlotText text;
  Axis axis;
  std::vector<Bar> bars;
  std::vector<Level> levels = {};
};

struct Point {
  double x = 0;
  double y = 0;
  std::optional<double> low = {};  ///< with `high`, the whisker's ends
  std::optional<double> high = {};
  std::string hint = {};
};

struct Line {
  std::string label;
  Look look;
  std::vector<Point> points;
  bool marked = true;  ///< a mark at each point
};

struct LineChart {
  PlotText text;
  Axis x;
  Axis y;
  std::vector<Line> lines;
};

/// A row of dots on one axis, for ratios. `reference`, where the axis has it, is drawn as a line.
struct DotRow {
  std::string label;
  std::vector<Point> dots;  ///< x and hint count; as many as there are `kinds`, NaN where there is none
};
struct DotKind {
  std::string label;
  Look look;
};
struct DotChart {
  PlotText text;
  Axis axis;
  double reference = 1;
  std::vector<DotKind> kinds;
  std::vector<DotRow> rows;
};

[[nodiscard]] std::string draw(const BarChart& chart);
[[nodiscard]] std::string draw(const LineChart& chart);
[[nodiscard]] std::string draw(const DotChart& chart);

}  // namespace uflush::bench
