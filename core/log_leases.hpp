/// Leases on the logfiles that much is added to: while we hold one nobody else has the file open, so lines go
/// in without the lock.
///
/// Taking and giving back costs as much as an append or two, so a log must earn its lease, and loses it soon
/// when nothing is added, and at once when somebody else opens the file: that process waits in its open(2)
/// until we hear of it, and then finds the file as if we had locked it. Where file system or kernel give no
/// leases everything goes on under the lock.
#pragma once

#include <cstddef>

#include <boost/intrusive/list.hpp>

#include "core/logfile.hpp"
#include "io/file_guard.hpp"
#include "io/loop.hpp"
#include "io/scope.hpp"
#include "io/stop.hpp"

namespace uflush {

/// What one log has to do with leases.
class LogLease
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  explicit LogLease(AppendFile& file) : file_(file) {}

  [[nodiscard]] bool is_held() const noexcept { return is_linked(); }
  /// The file is about to be closed, which ends the lease.
  void note_close() noexcept {
    if (is_held()) unlink();
  }

 private:
  friend class LogLeases;
  AppendFile& file_;
  std::size_t appends_ = 0;  ///< under the lock
  std::size_t price_ = 0;    ///< so many of them earn a lease; 0: as many as usual
  std::size_t uses_ = 0;     ///< appends without the lock
  Instant last_use_;
};

class LogLeases {
 public:
  /// Without a guard there are no leases. `appends_per_lease`: what a log has to do to earn one. Borrows the
  /// rest, and runs tasks of its own in `scope`.
  LogLeases(Loop& loop, FileGuard* guard, std::size_t appends_per_lease, Scope& scope);
  LogLeases(const LogLeases&) = delete;
  LogLeases& operator=(const LogLeases&) = delete;

  /// Lines were appended under the lock to a file whose name is covered (core/name_news.hpp). Takes the
  /// lease, if the log has earned it and it can be had.
  void note_append(LogLease& lease);
  /// Lines are about to be appended without the lock.
  void note_use(LogLease& lease) noexcept;

  /// Gives back what others wait for, even in the middle of a long turn: a process that is stopped for long
  /// loses its leases unasked. Call it before lines are appended without the lock.
  void catch_up();

  void give_back(LogLease& lease) noexcept;
  void give_all_back() noexcept;

  /// Gives all leases back, and ends the tasks.
  void close() noexcept;

 private:
  using Held = boost::intrusive::list<LogLease, boost::intrusive::constant_time_size<false>>;

  [[nodiscard]] Result<void> take(LogLease& lease);
  void give_back_wanted();
  void start_tasks(int wanted_fd);
  Task<void> give_back_when_wanted(int wanted_fd);
  Task<void> give_back_unused();
  void sweep() noexcept;

  Loop& loop_;
  FileGuard* guard_;
  const std::size_t appends_per_lease_;
  Scope& scope_;
  StopSource closing_;
  Held held_;  ///< those that were looked at most recently last
  bool tasks_run_ = false;
  bool sweep_runs_ = false;
};

}  // namespace uflush
