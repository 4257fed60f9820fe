/// Moments at which the loop calls somebody, kept in a binary heap.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "io/check.hpp"
#include "io/clock.hpp"

namespace uflush {

class TimerHeap;

/// Called once, when its moment has come. Leaves the heap by itself when it is destroyed.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();

  [[nodiscard]] bool is_set() const noexcept { return heap_ != nullptr; }

 protected:
  virtual void on_timer() noexcept = 0;

 private:
  friend class TimerHeap;
  TimerHeap* heap_ = nullptr;
  std::size_t index_ = 0;
  Instant when_;
};

/// Invariant: timers_[i]->index_ == i, and no timer is due before its parent timers_[(i - 1) / 2].
class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;
  ~TimerHeap() { FLUSH_ASSERT(timers_.empty()); }

  /// O(1) for a timer that is due after all others, as time limits of equal length are.
  void set(Timer& timer, Instant when);
  void cancel(Timer& timer) noexcept;

  /// When the next one is due.
  [[nodiscard]] std::optional<Instant> next() const noexcept;

  /// Calls every timer that is due at `now`. A timer may set or cancel any other.
  void fire(Instant now) noexcept;

 private:
  void move_up(std::size_t index) noexcept;
  void move_down(std::size_t index) noexcept;
  void place(Timer* timer, std::size_t index) noexcept;

  std::vector<Timer*> timers_;
};

}  // namespace uflush
