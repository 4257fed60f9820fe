#include "tools/flushbench/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace uflush::bench {
namespace {

/// `values` sorted; between two values where `fraction` falls between them.
double quantile(const std::vector<double>& values, double fraction) {
  const double at = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], at - static_cast<double>(below));
}

}  // namespace

double Summary::uncertainty() const {
  if (count < 3 || median == 0) return std::numeric_limits<double>::infinity();
  return 1.57 * (high - low) / std::sqrt(static_cast<double>(count)) / median;
}

Summary summarize(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {quantile(values, 0.5), quantile(values, 0.25), quantile(values, 0.75), values.size()};
}

const std::vector<double>& distribution_shares() {
  static const std::vector<double> shares = [] {
    std::vector<double> all;
    all.reserve(104);
    for (int percent = 0; percent < 100; ++percent) all.push_back(percent / 100.0);
    all.insert(all.end(), {0.995, 0.999, 0.9999, 1.0});
    return all;
  }();
  return shares;
}

double Latencies::rank_us(double share) const {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(ns_.size())));
  return static_cast<double>(ns_[std::max<std::size_t>(rank, 1) - 1]) / 1000.0;
}

Percentiles Latencies::percentiles() {
  if (ns_.empty()) return {};
  std::sort(ns_.begin(), ns_.end());
  return {rank_us(0.5), rank_us(0.99), rank_us(0.999), rank_us(1.0)};
}

std::vector<double> Latencies::distribution() {
  std::vector<double> quantiles;
  if (ns_.empty()) return quantiles;
  std::sort(ns_.begin(), ns_.end());
  for (const double share : distribution_shares()) quantiles.push_back(rank_us(share));
  return quantiles;
}

}  // namespace uflush::bench
