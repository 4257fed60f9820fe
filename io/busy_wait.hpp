/// Looking for news for a moment before going to sleep.
///
/// A thread that sleeps and is woken costs two switches, and on a virtual machine the wake-up of an idle
/// processor takes longer than the whole request. Looking on for a few microseconds spares both, when the
/// next piece of work is about to come; otherwise it burns the processor for nothing. So the time is adapted:
/// it doubles while work does come in time, and falls to nothing as soon as it does not.
#pragma once

#include <algorithm>
#include <chrono>

#include <sched.h>

#include "io/clock.hpp"
#include "io/optional_calls.hpp"

namespace uflush {

/// Invariant: looking for at most `limit`, and not at all at first.
class BusyWait {
 public:
  /// `limit` zero: never.
  explicit BusyWait(Duration limit) noexcept : limit_(limit) {}

  /// Asks `news` again and again, for as long as it is worth it and not beyond `until`; true as soon as there
  /// is some. Other threads of this processor get their turn meanwhile.
  template <typename News>
  bool look(const News& news, Instant now, Instant until) {
    const Instant give_up = std::min(until, now + patience_);
    while (now < give_up) {
      for (int i = 0; i < looks_per_yield; ++i) {
        if (news()) return true;
        relax();
      }
      if (may_use(OptionalCall::sched_yield)) ::sched_yield();
      now = std::chrono::steady_clock::now();
    }
    return false;
  }

  /// Learns how long it took until there was work, looked for or slept through.
  void waited(Duration time) noexcept {
    if (time <= limit_) {
      patience_ = std::min(limit_, std::max(2 * patience_, limit_ / steps));
    } else {
      patience_ = Duration::zero();
    }
  }

  /// False: look() would not look.
  [[nodiscard]] bool is_worth_it() const noexcept { return patience_ > Duration::zero(); }

 private:
  /// Tells the processor that this is a loop that waits.
  static void relax() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  static constexpr int steps = 8;
  static constexpr int looks_per_yield = 64;

  const Duration limit_;
  Duration patience_{};
};

}  // namespace uflush
