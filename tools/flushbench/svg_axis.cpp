#include "tools/flushbench/svg_axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace uflush::bench {
namespace {

constexpr double linear_ticks_wanted = 5;
constexpr double all_ticks_decades_max = 3.1;  ///< so wide may a log axis be to have ticks at 1, 2 and 5
constexpr int decade_labels_max = 8;
constexpr std::array<double, 3> round_factors{1, 2, 5};
constexpr double slack = 1e-9;  ///< logarithms of round numbers are not quite round

double power_of_ten(double exponent) {
  return std::pow(10, exponent);
}

/// The smallest round number that is not below `value`.
double round_up(double value) {
  const double decade = power_of_ten(std::floor(std::log10(value) + slack));
  for (const double factor : round_factors)
    if (factor * decade >= value * (1 - slack)) return factor * decade;
  return 10 * decade;
}

/// The largest round number that is not above `value`.
double round_down(double value) {
  const double decade = power_of_ten(std::floor(std::log10(value) + slack));
  double below = decade;
  for (const double factor : round_factors)
    if (factor * decade <= value * (1 + slack)) below = factor * decade;
  return below;
}

/// Three digits without zeros at the end.
std::string three_digits(double value) {
  const double size = std::abs(value);
  const int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.09995 ? 2 : 3;
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string in_units(double value, double step, const std::vector<std::string>& units) {
  std::size_t unit = 0;
  // 999.96 would be written as 1000.
  for (; unit + 1 < units.size() && value >= step * 0.9995; ++unit) value /= step;
  return three_digits(value) + units[unit];
}

}  // namespace

double Axis::place(double value) const {
  const double share = logarithmic ? std::log(std::max(value, low) / low) / std::log(high / low)
                                   : (value - low) / (high - low);
  return std::clamp(share, 0.0, 1.0);
}

Axis linear_axis(std::string title, double high, Label label) {
  Axis axis{std::move(title), 0, high > 0 ? high : 1};
  const double step = round_up(axis.high / linear_ticks_wanted);
  const int steps = static_cast<int>(std::ceil(axis.high / step - slack));
  axis.high = steps * step;
  for (int i = 0; i <= steps; ++i) axis.ticks.push_back({i * step, label(i * step)});
  return axis;
}

Axis log_axis(std::string title, double low, double high, Label label) {
  Axis axis{std::move(title), round_down(low), round_up(high), true};
  if (axis.low == axis.high) axis.high *= 2;
  const int first = static_cast<int>(std::floor(std::log10(axis.low) + slack));
  const int last = static_cast<int>(std::floor(std::log10(axis.high) + slack));
  const double decades = std::log10(axis.high / axis.low);
  const int stride = static_cast<int>((last - first) / decade_labels_max) + 1;
  for (int exponent = first; exponent <= last; exponent += stride) {
    for (const double factor : round_factors) {
      if (factor != 1 && decades > all_ticks_decades_max) break;
      const double value = factor * power_of_ten(exponent);
      if (value >= axis.low * (1 - slack) && value <= axis.high * (1 + slack))
        axis.ticks.push_back({value, label(value)});
    }
  }
  return axis;
}

std::string number(double value) {
  std::string text = three_digits(value);
  const std::size_t whole_digits = std::min(text.find('.'), text.size());
  const std::size_t sign = text.front() == '-' ? 1 : 0;
  for (std::size_t at = whole_digits; at > sign + 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string short_number(double value) {
  return in_units(value, 1000, {"", "k", "M", "G"});
}

std::string duration(double us) {
  if (us == 0) return "0";
  return in_units(us * 1000, 1000, {" ns", " \u00b5s", " ms", " s"});
}

std::string byte_size(double bytes) {
  if (bytes == 0) return "0";
  return in_units(bytes, 1024, {" B", " KiB", " MiB", " GiB"});
}

}  // namespace uflush::bench
