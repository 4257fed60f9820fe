/// Time comes from outside, so that tests own it.
#pragma once

#include <chrono>
#include <ctime>

namespace uflush {

/// A moment on the monotonic clock: for time limits.
using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual Instant now() const = 0;
  /// Seconds since the epoch: for time stamps of files.
  [[nodiscard]] virtual std::time_t wall_time() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] std::time_t wall_time() const override { return std::time(nullptr); }
};

}  // namespace uflush
