/// Numbers out of repeated measurements: medians with their spread, percentiles of latencies.
#pragma once

#include <cstdint>
#include <vector>

namespace uflush::bench {

/// Several measurements of one quantity.
struct Summary {
  double median = 0;
  double low = 0;   ///< first quartile
  double high = 0;  ///< third quartile
  std::size_t count = 0;

  /// Half the width of the median's 95% confidence interval as a fraction of the median (McGill, Tukey and
  /// Larsen, Variations of Box Plots, 1978). Infinite for fewer than three measurements.
  [[nodiscard]] double uncertainty() const;
};

[[nodiscard]] Summary summarize(std::vector<double> values);

struct Percentiles {
  double p50_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double max_us = 0;
};

/// Every latency of one run: four bytes each, so that the generator neither rounds nor computes meanwhile.
class Latencies {
 public:
  void add_ns(std::int64_t ns);
  void clear() { ns_.clear(); }
  [[nodiscard]] Percentiles percentiles();

 private:
  std::vector<std::uint32_t> ns_;  ///< saturates at 4.29 s
};

}  // namespace uflush::bench
