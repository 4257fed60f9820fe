/// Ends the process when its loop has stood still for daemon_timeout (BEHAVIOUR.md 1.10).
#pragma once

#include <chrono>
#include <ctime>
#include <functional>
#include <vector>

#include "core/log.hpp"
#include "io/loop.hpp"
#include "io/timer.hpp"

namespace uflush {

/// What a process says when it is ended at the given time. Asked whenever the end is put off, for when the
/// end comes nothing can be formatted any more.
using LastWords = std::function<std::vector<PreparedRecord>(std::time_t when)>;

/// SIGALRM comes after `timeout` unless the loop has turned meanwhile: it says the last words and exits with
/// status 1. Unlike the reference, which serves one client at a time, a slow client never sets it off: the
/// loop turns for the others. One at a time in a process.
class Watchdog final : private Timer {
 public:
  Watchdog(Loop& loop, std::chrono::seconds timeout, LastWords last_words);
  ~Watchdog() override;

  /// From now on only `limit` is left, however the loop turns: the process is to end, by SIGALRM and without
  /// a word.
  void last_call(std::chrono::seconds limit);

 private:
  void on_timer() noexcept override;
  void prepare_last_words();

  Loop& loop_;
  std::chrono::seconds timeout_;
  LastWords last_words_;
};

}  // namespace uflush
