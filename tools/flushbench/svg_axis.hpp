/// Axes of a plot: from values to places, and the ticks that a reader finds his way by.
#pragma once

#include <string>
#include <vector>

namespace uflush::bench {

struct Tick {
  double value = 0;
  std::string label;
};

/// How a tick's value is written.
using Label = std::string (*)(double value);

struct Axis {
  std::string title;
  double low = 0;
  double high = 1;
  bool logarithmic = false;
  std::vector<Tick> ticks = {};

  /// Where `value` is between `low` (0) and `high` (1); values beyond are put on the edge.
  [[nodiscard]] double place(double value) const;
};

/// From 0 to a round number that is not below `high`, in steps of 1, 2 or 5 times a power of ten.
[[nodiscard]] Axis linear_axis(std::string title, double high, Label label);
/// From 1, 2 or 5 times a power of ten below `low` to one above `high`; both above 0. A tick for each of
/// these where there are few, else for each power of ten, else for some.
[[nodiscard]] Axis log_axis(std::string title, double low, double high, Label label);

/// 0.4, 1.23, 12.3, 123, 1,234, 51,234: three digits, more where they are whole.
[[nodiscard]] std::string number(double value);
/// 0, 20k, 1.5M, for ticks.
[[nodiscard]] std::string short_number(double value);
/// Microseconds in the unit that suits them: 850 ns, 38.2 us (with a Greek mu), 1.2 ms, 3.1 s.
[[nodiscard]] std::string duration(double us);
/// Bytes as KiB or MiB or what suits them.
[[nodiscard]] std::string byte_size(double bytes);

}  // namespace uflush::bench
