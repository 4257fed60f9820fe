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

/// The shares of requests at which a distribution is kept: every percent from 0 to 0.99, then 0.995, 0.999,
/// 0.9999 and 1. Enough for a plot of the whole and of its tail.
[[nodiscard]] const std::vector<double>& distribution_shares();

/// Every latency of one run: eight bytes each, so that the generator neither rounds nor computes meanwhile.
class Latencies {
 public:
  void add_ns(std::int64_t ns) { ns_.push_back(ns); }
  void clear() { ns_.clear(); }
  [[nodiscard]] Percentiles percentiles();
  /// The latency in us that each of distribution_shares() does not exceed; empty without any latency.
  [[nodiscard]] std::vector<double> distribution();

 private:
  /// The smallest latency that at least `share` of all requests do not exceed. ns_ is sorted.
  [[nodiscard]] double rank_us(double share) const;

  std::vector<std::int64_t> ns_;
};

}  // namespace uflush::bench
