/// Every choice of a simulated run comes from one seed, so that a failure can be replayed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "io/check.hpp"

namespace uflush {

/// What a run is drawn from: the same seed and the same test give the same run, to the byte.
struct Seed {
  std::uint64_t number = 0;
};

class Dice {
 public:
  explicit Dice(Seed seed) : engine_(seed.number * 0x9E3779B97F4A7C15U + 1) {}

  /// A number in [0, bound). `bound` is at least 1.
  [[nodiscard]] std::size_t below(std::size_t bound) {
    FLUSH_ASSERT(bound > 0);
    return static_cast<std::size_t>(engine_() % bound);
  }
  /// A number in [low, high].
  [[nodiscard]] std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }

  /// True with `probability`. Draws nothing when the answer is certain, so that a fault that is off does not
  /// change the rest of the run.
  [[nodiscard]] bool chance(double probability) {
    if (probability <= 0) return false;
    if (probability >= 1) return true;
    return static_cast<double>(engine_() >> 11U) * 0x1.0p-53 < probability;
  }

  /// A probability for a fault: 0 in every second run, so that rare mixes of faults come up as well.
  [[nodiscard]] double draw_probability(double highest) {
    if (chance(0.5)) return 0;
    return highest * static_cast<double>(below(1000) + 1) / 1000;
  }

  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t left = items.size(); left > 1; --left) std::swap(items[left - 1], items[below(left)]);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace uflush
