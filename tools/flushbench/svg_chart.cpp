#include "tools/flushbench/svg_chart.hpp"

#include <algorithm>
#include <cmath>

#include "tools/flushbench/svg_pen.hpp"

namespace uflush::bench {
namespace {

constexpr double width = 540;
constexpr double wide_width = 1100;
constexpr double gap = 8;
constexpr double line_height = 18;
constexpr double text_drop = 4;  ///< from the middle of a line of text to its baseline

/// The rectangle that values are drawn in.
struct Field {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;

  [[nodiscard]] double x(const Axis& axis, double value) const {
    return left + axis.place(value) * (right - left);
  }
  [[nodiscard]] double y(const Axis& axis, double value) const {
    return bottom - axis.place(value) * (bottom - top);
  }
};

void draw_x_axis(SvgPen& pen, const Axis& axis, const Field& field) {
  for (const Tick& tick : axis.ticks) {
    const double x = field.x(axis, tick.value);
    pen.line("grid", x, field.top, x, field.bottom);
    pen.text("tick", x, field.bottom + 14, tick.label, Anchor::middle);
  }
  pen.line("axis", field.left, field.bottom, field.right, field.bottom);
  pen.text("axis-title", (field.left + field.right) / 2, field.bottom + 31, axis.title, Anchor::middle);
}

void draw_y_axis(SvgPen& pen, const Axis& axis, const Field& field) {
  for (const Tick& tick : axis.ticks) {
    const double y = field.y(axis, tick.value);
    pen.line("grid", field.left, y, field.right, y);
    pen.text("tick", field.left - gap, y + text_drop, tick.label, Anchor::end);
  }
  pen.turned_text("axis-title", 12, (field.top + field.bottom) / 2, axis.title);
}

/// How far the ticks of a y axis reach to the left.
double tick_width(const Axis& axis) {
  double widest = 0;
  for (const Tick& tick : axis.ticks) widest = std::max(widest, text_width(tick.label));
  return widest;
}

/// The room that labels to the left of the values take; never so much that no room is left for these.
double label_room(double widest, double whole) {
  return std::min(widest + gap, whole * 0.45);
}

/// One series in a legend.
struct LegendEntry {
  std::string label;
  Look look;
  bool lined = false;
  bool marked = true;
};

/// Entries side by side in as many rows as they need.
class Legend {
 public:
  Legend(std::vector<LegendEntry> entries, double left, double right) {
    double x = left;
    for (LegendEntry& entry : entries) {
      const double entry_width = sample_width + gap + text_width(entry.label);
      if (x > left && x + entry_width > right) {
        x = left;
        ++rows_;
      }
      places_.push_back({std::move(entry), x, rows_});
      x += entry_width + gap;
    }
  }

  [[nodiscard]] double height() const { return static_cast<double>(rows_ + 1) * line_height; }

  void draw(SvgPen& pen, double top) const {
    for (const Place& place : places_) {
      const double y = top + (static_cast<double>(place.row) + 0.5) * line_height;
      std::string points;
      add_point(points, place.x, y);
      add_point(points, place.x + sample_width, y);
      if (place.entry.lined) pen.polyline(place.entry.look, points);
      if (place.entry.marked) pen.mark(place.entry.look, place.x + sample_width / 2, y);
      pen.text("label", place.x + sample_width + gap, y + text_drop, place.entry.label, Anchor::start);
    }
  }

 private:
  static constexpr double sample_width = 26;

  struct Place {
    LegendEntry entry;
    double x;
    std::size_t row;
  };

  std::size_t rows_ = 0;
  std::vector<Place> places_;
};

void draw_bar(SvgPen& pen, const Bar& bar, const Axis& axis, const Field& field, double middle) {
  constexpr double thickness = 14;
  constexpr double cap = 4;
  pen.text("label", field.left - gap, middle + text_drop, bar.label, Anchor::end);
  pen.text("value", width - 2, middle + text_drop, bar.value_text, Anchor::end);
  pen.begin_group(bar.look.css_class);
  pen.rectangle("bar", field.left, middle - thickness / 2, field.x(axis, bar.value) - field.left, thickness,
                bar.hint);
  const double low = field.x(axis, bar.low);
  const double high = field.x(axis, bar.high);
  pen.line("whisker", low, middle, high, middle);
  pen.line("whisker", low, middle - cap, low, middle + cap);
  pen.line("whisker", high, middle - cap, high, middle + cap);
  pen.end_group();
}

/// Dashed, from above the bars to the axis, its label on top.
void draw_level(SvgPen& pen, const Level& level, const Axis& axis, const Field& field, double label_y) {
  const double x = field.x(axis, level.value);
  const double half = text_width(level.label) / 2;
  pen.begin_group(level.look.css_class);
  pen.line("line", x, label_y + 4, x, field.bottom);
  pen.text("level-label", std::clamp(x, half + 2, width - half - 2), label_y, level.label, Anchor::middle);
  pen.end_group();
}

void draw_line(SvgPen& pen, const Line& line, const LineChart& chart, const Field& field) {
  constexpr double cap = 3;
  std::string points;
  for (const Point& point : line.points)
    add_point(points, field.x(chart.x, point.x), field.y(chart.y, point.y));
  pen.begin_group("series " + line.look.css_class);
  for (const Point& point : line.points) {
    if (!point.low || !point.high) continue;
    const double x = field.x(chart.x, point.x);
    const double low = field.y(chart.y, *point.low);
    const double high = field.y(chart.y, *point.high);
    pen.line("whisker", x, low, x, high);
    pen.line("whisker", x - cap, low, x + cap, low);
    pen.line("whisker", x - cap, high, x + cap, high);
  }
  pen.polyline(line.look, points);
  for (const Point& point : line.points)
    if (line.marked) pen.mark(line.look, field.x(chart.x, point.x), field.y(chart.y, point.y), point.hint);
  pen.end_group();
}

}  // namespace

std::string draw(const BarChart& chart) {
  constexpr double row_height = 26;
  double label_width = 0;
  double value_width = 0;
  for (const Bar& bar : chart.bars) {
    label_width = std::max(label_width, text_width(bar.label));
    value_width = std::max(value_width, text_width(bar.value_text));
  }
  const double levels_height = static_cast<double>(chart.levels.size()) * line_height;
  const double rows_height = static_cast<double>(chart.bars.size()) * row_height;
  const Field field{label_room(label_width, width), levels_height + 2, width - value_width - 2 * gap,
                    levels_height + 2 + rows_height};
  SvgPen pen(chart.text, width, field.bottom + 38);
  draw_x_axis(pen, chart.axis, field);
  double middle = field.top + row_height / 2;
  for (const Bar& bar : chart.bars) {
    draw_bar(pen, bar, chart.axis, field, middle);
    middle += row_height;
  }
  double label_y = 12;
  for (const Level& level : chart.levels) {
    draw_level(pen, level, chart.axis, field, label_y);
    label_y += line_height;
  }
  return std::move(pen).finish();
}

std::string draw(const LineChart& chart) {
  constexpr double height = 240;
  std::vector<LegendEntry> entries;
  for (const Line& line : chart.lines) entries.push_back({line.label, line.look, true, line.marked});
  const double left = 22 + tick_width(chart.y) + gap;
  const Legend legend(std::move(entries), left, width);
  const Field field{left, legend.height() + 10, width - 24, legend.height() + 10 + height};
  SvgPen pen(chart.text, width, field.bottom + 38);
  legend.draw(pen, 0);
  draw_y_axis(pen, chart.y, field);
  draw_x_axis(pen, chart.x, field);
  for (const Line& line : chart.lines) draw_line(pen, line, chart, field);
  return std::move(pen).finish();
}

std::string draw(const DotChart& chart) {
  constexpr double row_height = 22;
  double label_width = 0;
  for (const DotRow& row : chart.rows) label_width = std::max(label_width, text_width(row.label));
  std::vector<LegendEntry> entries;
  for (const DotKind& kind : chart.kinds) entries.push_back({kind.label, kind.look});
  const double left = label_room(label_width, wide_width);
  const Legend legend(std::move(entries), left, wide_width);
  const double top = legend.height() + 6;
  const Field field{left, top, wide_width - 30, top + static_cast<double>(chart.rows.size()) * row_height};
  SvgPen pen(chart.text, wide_width, field.bottom + 38);
  legend.draw(pen, 0);
  draw_x_axis(pen, chart.axis, field);
  const double reference = field.x(chart.axis, chart.reference);
  pen.line("reference", reference, field.top - 4, reference, field.bottom);
  double middle = field.top + row_height / 2;
  for (const DotRow& row : chart.rows) {
    pen.text("label", field.left - gap, middle + text_drop, row.label, Anchor::end);
    pen.line("grid", field.left, middle, field.right, middle);
    for (std::size_t i = 0; i < row.dots.size(); ++i)
      if (std::isfinite(row.dots[i].x))
        pen.mark(chart.kinds[i].look, field.x(chart.axis, row.dots[i].x), middle, row.dots[i].hint);
    middle += row_height;
  }
  return std::move(pen).finish();
}

}  // namespace uflush::bench
