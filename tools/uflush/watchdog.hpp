/// Ends the process when its loop has stood still for daemon_timeout (BEHAVIOUR.md 1.10).
#pragma once

#include <chrono>

#include "io/loop.hpp"
#include "io/timer.hpp"

namespace uflush {

/// SIGALRM comes after `timeout` unless the loop has turned meanwhile. Unlike the reference, which serves one
/// client at a time, a slow client never sets it off: the loop turns for the others.
class Watchdog final : private Timer {
 public:
  Watchdog(Loop& loop, std::chrono::seconds timeout);
  ~Watchdog() override;

  /// From now on only `limit` is left, however the loop turns: the process is to end.
  void last_call(std::chrono::seconds limit);

 private:
  void on_timer() noexcept override;

  Loop& loop_;
  std::chrono::seconds timeout_;
};

}  // namespace uflush
