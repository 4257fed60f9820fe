/// The plots of a report, each with the numbers that it was made from.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/flushbench/recorded_run.hpp"
#include "tools/flushbench/svg_chart.hpp"

namespace uflush::bench {

/// For people who would rather read than look. The first cell of a row names it.
struct NumberTable {
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

struct Plot {
  std::string title;
  std::string note;  ///< in small type behind the title
  std::string svg;
  NumberTable numbers;
  bool wide = false;
};

/// Gives every server the same look in all plots, and every plot an id of its own.
class Palette {
 public:
  explicit Palette(const RecordedRun& run);
  [[nodiscard]] const Look& look(const RecordedRow& row) const { return looks_.at(row.server); }
  [[nodiscard]] std::string next_id() { return "plot" + std::to_string(++ids_); }

 private:
  std::map<std::string, Look, std::less<>> looks_;  ///< by server
  std::size_t ids_ = 0;
};

/// How a value is written, with its unit.
using ValueText = std::function<std::string(double value)>;

/// Something that is measured once per row.
struct Measured {
  std::string title;
  std::string unit;
  std::optional<Quantity> (*get)(const RecordedRow& row);
  ValueText text;
  double axis_unit = 1;               ///< the axis counts in these
  bool is_bounded_by_client = false;  ///< more may be possible than the load generator could ask for
};
[[nodiscard]] Measured rate(const std::string& operation);
[[nodiscard]] Measured server_cpu(const std::string& operation);
[[nodiscard]] Measured peak_memory();
[[nodiscard]] Measured system_calls(const std::string& operation);
[[nodiscard]] Measured median_latency();

/// A bar for each server with its quartiles, and a line for each floor. Nothing when nobody has the quantity.
[[nodiscard]] std::optional<Plot> bar_plot(const RecordedWorkload& workload, const Measured& measured,
                                           Palette& palette);
/// The same for each of the quantities that only this workload has.
[[nodiscard]] std::vector<Plot> figure_plots(const RecordedWorkload& workload, Palette& palette);

/// Which share of requests took how long: of all, and of the slowest. Nothing where there are no
/// distributions.
[[nodiscard]] std::vector<Plot> latency_plots(const RecordedWorkload& workload, Palette& palette);

/// Workloads that differ in one quantity only.
struct Curve {
  std::string kind;                                           ///< `add`
  std::string quantity;                                       ///< `clients`
  std::string fixed;                                          ///< what stays the same: `100 sites`
  std::vector<std::pair<double, const RecordedRow*>> points;  ///< the quantity's value, and what came out
};
/// Those with at least two different values. They point into `run`.
[[nodiscard]] std::vector<Curve> curves_of(const RecordedRun& run);
[[nodiscard]] Plot curve_plot(const Curve& curve, const Measured& measured, Palette& palette);

/// One server of ours on one workload, held against the others.
struct Standing {
  const RecordedRow* ours = nullptr;
  std::optional<double> rate_to_stock;  ///< more is better
  std::optional<double> stock_cpu;      ///< to ours: more is better
  std::optional<double> floor_cpu;      ///< ours to that of the floor: 1 is the best there is
};
[[nodiscard]] std::vector<Standing> standings_of(const std::vector<RecordedWorkload>& workloads);
/// All ratios to the stock daemon; nothing when there is none.
[[nodiscard]] std::optional<Plot> ratio_plot(const std::vector<Standing>& standings, Palette& palette);

/// `12.3 to 12.9`.
[[nodiscard]] std::string quartiles(const Quantity& quantity, const ValueText& text);
/// `2.05x`, for ratios.
[[nodiscard]] std::string times(double ratio);

}  // namespace uflush::bench
