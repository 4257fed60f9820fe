/// Shapes and texts of a plot, in SVG's own units: pixels from the upper left corner.
#pragma once

#include <string>
#include <string_view>

#include "tools/flushbench/svg_chart.hpp"

namespace uflush::bench {

enum class Anchor : unsigned char { start, middle, end };

/// Writes one `<svg>`. Texts are escaped here; classes are our own words.
class SvgPen {
 public:
  SvgPen(const PlotText& text, double width, double height);

  /// `hint`, if any, is shown under the pointer.
  void line(std::string_view css_class, double x1, double y1, double x2, double y2);
  void rectangle(std::string_view css_class, double x, double y, double width, double height,
                 std::string_view hint = {});
  void text(std::string_view css_class, double x, double y, std::string_view text, Anchor anchor);
  void turned_text(std::string_view css_class, double x, double y, std::string_view text);
  void mark(const Look& look, double x, double y, std::string_view hint = {});
  /// A line through points, `x y` pairs as add_point() makes them.
  void polyline(const Look& look, const std::string& points);

  /// Everything until end_group() belongs to one series.
  void begin_group(std::string_view css_class);
  void end_group();

  [[nodiscard]] std::string finish() &&;

 private:
  void hint(std::string_view element, std::string_view text);

  std::string out_;
};

void add_point(std::string& points, double x, double y);

/// About as wide as this text comes out: enough to keep texts apart.
[[nodiscard]] double text_width(std::string_view text);

}  // namespace uflush::bench
