/// Time in the simulation stands still until somebody moves it.
#pragma once

#include <algorithm>

#include "io/clock.hpp"

namespace uflush {

/// Monotonic and wall time, moving together. The simulated ring moves it to the next deadline when nothing
/// else can happen.
class SimClock final : public Clock {
 public:
  /// An arbitrary, round moment in 2026; far from 0, so that tests can go back from it.
  static constexpr std::time_t wall_start = 1'780'000'000;

  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] std::time_t wall_time() const override {
    return wall_start + std::chrono::duration_cast<std::chrono::seconds>(now_ - start).count();
  }

  /// Never goes back.
  void advance_to(Instant when) { now_ = std::max(now_, when); }
  void advance(Duration by) { now_ += by; }

 private:
  static constexpr Instant start{std::chrono::hours(1)};
  Instant now_ = start;
};

}  // namespace uflush
