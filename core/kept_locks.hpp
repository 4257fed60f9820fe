/// Locks that stay taken from one append to the next, on the logfiles that much is added to: taking and
/// releasing costs more than writing a line.
///
/// Nobody else notices, because the lock is given back as soon as another process opens the file, which news
/// of names tell us (core/name_news.hpp): it waits in flock(2) for some microseconds, as if it had met an
/// append. Who had the file open before we began to keep the lock cannot be told from nobody, so no lock is
/// kept for longer than a second at a time; our own kind opens the file once more before it waits. One that
/// nothing is written under goes sooner.
#pragma once

#include <cstddef>

#include <boost/intrusive/list.hpp>

#include "core/logfile.hpp"
#include "io/loop.hpp"
#include "io/scope.hpp"
#include "io/stop.hpp"

namespace uflush {

/// What one log has to do with that.
class KeptLock
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  explicit KeptLock(AppendFile& file) : file_(file) {}

  [[nodiscard]] bool is_kept() const noexcept { return is_linked(); }

 private:
  friend class KeptLocks;
  AppendFile& file_;
  std::size_t appends_ = 0;  ///< since the lock was last kept
  std::size_t price_ = 0;    ///< so many of them earn it again; 0: as many as the first time
  std::size_t uses_ = 0;     ///< appends while it is kept
  Instant since_;
  Instant last_use_;
};

class KeptLocks {
 public:
  /// `first_price`: so many appends earn a log its kept lock. Borrows the loop, and runs a task of its own in
  /// `scope`.
  KeptLocks(Loop& loop, std::size_t first_price, Scope& scope);
  KeptLocks(const KeptLocks&) = delete;
  KeptLocks& operator=(const KeptLocks&) = delete;

  /// Before an append to a file whose name is covered, whose openings are told of. Keeps the lock from this
  /// append on, if the log has earned it, or releases it for a moment, when it was kept for long.
  void before_append(KeptLock& lock);

  /// Somebody else may want it, or the file is about to be closed. Does nothing when it is not kept.
  void release(KeptLock& lock) noexcept;
  /// The same, and the log has to do much more to earn it again. Begins to count anew even when it is not
  /// kept: who opens the file now may wait for the lock soon.
  void release_to_others(KeptLock& lock) noexcept;
  void release_all_to_others() noexcept;

  /// Releases all, and keeps no more.
  void close() noexcept;

 private:
  using Kept = boost::intrusive::list<KeptLock, boost::intrusive::constant_time_size<false>>;

  void keep(KeptLock& lock);
  Task<void> sweep_while_any();
  void sweep() noexcept;

  Loop& loop_;
  const std::size_t first_price_;
  Scope& scope_;
  StopSource closing_;
  Kept kept_;  ///< those that were looked at most recently last
  bool sweeps_ = false;
};

}  // namespace uflush
