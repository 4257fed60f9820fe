/// Waiting for the locks of logfiles that other processes hold, without a thread that sleeps in flock(2).
///
/// Who finds a lock taken (flock with LOCK_NB) pauses and tries again, soon at first and then every
/// millisecond. All waits are timers of the loop: any number of locks may be held by others at the same
/// time, and what nobody else holds is never behind them; a wait can be ended; and no thread has to be had.
///
/// Between two tries a process of our own kind that keeps the lock (core/kept_locks.hpp) has to be told that
/// somebody waits. It hears of openings of the file, and then leaves the lock to others for
/// KeptLocks::for_others. So each pause ends with an opening of the file, shortly before the next try.
#pragma once

#include <coroutine>
#include <cstddef>
#include <string>

#include "io/file_system.hpp"
#include "io/loop.hpp"
#include "io/stop.hpp"
#include "io/task.hpp"
#include "io/timer.hpp"

namespace uflush {

/// All waits of a process.
class LockWaits {
 public:
  /// Borrows both.
  LockWaits(Loop& loop, FileSystem& files) : loop_(loop), files_(files) {}
  LockWaits(const LockWaits&) = delete;
  LockWaits& operator=(const LockWaits&) = delete;

  /// Ends all pauses, and each one that begins from now on: the process has to come to its end.
  void give_up() noexcept { given_up_.request_stop(); }

 private:
  friend class LockWait;

  Loop& loop_;
  FileSystem& files_;
  StopSource given_up_;
  std::size_t count_ = 0;
};

/// One wait for the lock of one file: `while (is_taken && co_await wait.pause()) try_again();`
class LockWait {
 public:
  /// Borrows both. `path` is that of the file.
  LockWait(LockWaits& all, const std::string& path) : all_(all), path_(path) { ++all_.count_; }
  LockWait(const LockWait&) = delete;
  LockWait& operator=(const LockWait&) = delete;
  ~LockWait() { --all_.count_; }

  /// Waits until the next try is due. False when there is none any more, after LockWaits::give_up.
  Task<bool> pause();
  /// The lock has become free, as far as this process knows: ends the pause at once.
  void end_pause() noexcept;

 private:
  class Doze;
  [[nodiscard]] Duration next_pause() noexcept;

  LockWaits& all_;
  const std::string& path_;
  Duration pause_ = Duration::zero();
  Doze* doze_ = nullptr;  ///< while it lasts
};

}  // namespace uflush
