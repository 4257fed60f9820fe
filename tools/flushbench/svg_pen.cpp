#include "tools/flushbench/svg_pen.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "tools/flushbench/xml_text.hpp"

namespace uflush::bench {
namespace {

constexpr double mark_radius = 4;
constexpr double character_width = 6.4;  ///< of the page's sans-serif at 12 px, on average

std::string_view name_of(Anchor anchor) {
  constexpr std::array<std::string_view, 3> names{"start", "middle", "end"};
  return names[static_cast<std::size_t>(anchor)];
}

/// The outline of a mark around 0,0.
std::string outline(Look::Shape shape, double radius) {
  const double r = radius;
  switch (shape) {
    case Look::Shape::square:
      return fmt::format("M{0:.1f} {0:.1f}H{1:.1f}V{1:.1f}H{0:.1f}Z", -0.9 * r, 0.9 * r);
    case Look::Shape::diamond:
      return fmt::format("M0 {0:.1f}L{1:.1f} 0L0 {1:.1f}L{0:.1f} 0Z", -1.25 * r, 1.25 * r);
    case Look::Shape::triangle:
      return fmt::format("M0 {:.1f}L{:.1f} {:.1f}H{:.1f}Z", -1.2 * r, 1.15 * r, 0.9 * r, -1.15 * r);
    case Look::Shape::cross:
      return fmt::format("M{0:.1f} {0:.1f}L{1:.1f} {1:.1f}M{0:.1f} {1:.1f}L{1:.1f} {0:.1f}", -0.8 * r,
                         0.8 * r);
    case Look::Shape::circle:
      break;
  }
  return fmt::format("M{0:.1f} 0A{1:.1f} {1:.1f} 0 1 0 {1:.1f} 0A{1:.1f} {1:.1f} 0 1 0 {0:.1f} 0Z", -r, r);
}

}  // namespace

SvgPen::SvgPen(const PlotText& text, double width, double height)
    : out_(fmt::format(
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {1:.0f} {2:.0f}\" role=\"img\" "
          "aria-labelledby=\"{0}-title {0}-desc\">\n"
          "<title id=\"{0}-title\">{3}</title>\n<desc id=\"{0}-desc\">{4}</desc>\n",
          text.id, width, height, escape_xml(text.title), escape_xml(text.description))) {}

void SvgPen::line(std::string_view css_class, double x1, double y1, double x2, double y2) {
  fmt::format_to(std::back_inserter(out_),
                 "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", css_class,
                 x1, y1, x2, y2);
}

void SvgPen::rectangle(std::string_view css_class, double x, double y, double width, double height,
                       std::string_view hint_text) {
  fmt::format_to(std::back_inserter(out_),
                 "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"", css_class,
                 x, y, width, height);
  hint("rect", hint_text);
}

void SvgPen::text(std::string_view css_class, double x, double y, std::string_view text, Anchor anchor) {
  fmt::format_to(std::back_inserter(out_),
                 "<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", css_class, x,
                 y, name_of(anchor), escape_xml(text));
}

void SvgPen::turned_text(std::string_view css_class, double x, double y, std::string_view text) {
  fmt::format_to(std::back_inserter(out_),
                 "<text class=\"{}\" transform=\"translate({:.1f} {:.1f}) rotate(-90)\" "
                 "text-anchor=\"middle\">{}</text>\n",
                 css_class, x, y, escape_xml(text));
}

void SvgPen::mark(const Look& look, double x, double y, std::string_view hint_text) {
  fmt::format_to(std::back_inserter(out_),
                 "<path class=\"mark {}\" transform=\"translate({:.1f} {:.1f})\" d=\"{}\"", look.css_class, x,
                 y, outline(look.shape, mark_radius));
  hint("path", hint_text);
}

void SvgPen::polyline(const Look& look, const std::string& points) {
  fmt::format_to(std::back_inserter(out_), "<polyline class=\"line {}\" points=\"{}\"/>\n", look.css_class,
                 points);
}

void SvgPen::begin_group(std::string_view css_class) {
  fmt::format_to(std::back_inserter(out_), "<g class=\"{}\">\n", css_class);
}

void SvgPen::end_group() {
  out_ += "</g>\n";
}

std::string SvgPen::finish() && {
  return std::move(out_) + "</svg>\n";
}

/// Ends the element that has just been begun.
void SvgPen::hint(std::string_view element, std::string_view text) {
  if (text.empty())
    out_ += "/>\n";
  else
    fmt::format_to(std::back_inserter(out_), "><title>{}</title></{}>\n", escape_xml(text), element);
}

void add_point(std::string& points, double x, double y) {
  fmt::format_to(std::back_inserter(points), "{}{:.1f},{:.1f}", points.empty() ? "" : " ", x, y);
}

double text_width(std::string_view text) {
  // Only the first byte of a character counts.
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return character_width * static_cast<double>(characters);
}

}  // namespace uflush::bench
