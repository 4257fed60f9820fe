/// Locks that stay taken from one append to the next, on the logfiles that much is added to: taking and
/// releasing costs more than writing a line.
///
/// Nobody else notices, because the lock is given back as soon as another process opens the file, which news
/// of names tell us (core/name_news.hpp): it waits in flock(2) for some microseconds, as if it had met an
/// append. Who had the file open before we began to keep the lock cannot be told from nobody. So locks are
/// not kept in the first moments after somebody opened the file, and each era of names begins with such a
/// moment; our own kind opens the file once more before it waits. A lock that nothing is written under goes
/// sooner.
#pragma once

#include <chrono>
#include <cstdint>

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
  Instant last_append_ = Instant::min();
  Instant for_others_until_ = Instant::min();  ///< not kept before
  std::uint64_t looked_at_in_ = 0;             ///< a round
};

class KeptLocks {
 public:
  /// A lock that nothing was written under for so long is released; a log is only worth a kept lock when its
  /// appends follow each other faster.
  static constexpr std::chrono::milliseconds unused_max{300};
  /// For so long nobody keeps a lock that another process may be about to ask for.
  static constexpr std::chrono::milliseconds for_others{5};

  /// Borrows the loop, and runs a task of its own in `scope`.
  KeptLocks(Loop& loop, Scope& scope);
  KeptLocks(const KeptLocks&) = delete;
  KeptLocks& operator=(const KeptLocks&) = delete;

  /// Before an append to a file whose name is covered, whose openings are told of. Keeps the lock from this
  /// append on, if it is worth it and the file is open.
  void before_append(KeptLock& lock);
  /// Before an append that looks where the name leads, after which openings are told of: the first of its
  /// era. Who had the file open before gets the lock.
  void before_look(KeptLock& lock) noexcept;

  /// Somebody else may want it, or the file is about to be closed. Does nothing when it is not kept.
  void release(KeptLock& lock) noexcept;
  /// The same, for somebody who opens the file now and may wait for the lock soon.
  void release_to_others(KeptLock& lock) noexcept;
  void release_all_to_others() noexcept;

  /// Releases all, and keeps no more.
  void close() noexcept;

 private:
  using Kept = boost::intrusive::list<KeptLock, boost::intrusive::constant_time_size<false>>;

  void keep(KeptLock& lock);
  Task<void> sweep_while_any();
  bool sweep() noexcept;

  Loop& loop_;
  Scope& scope_;
  StopSource closing_;
  Kept kept_;  ///< those that were looked at most recently last
  bool sweeps_ = false;
  std::uint64_t round_ = 1;  ///< of looking at all
};

}  // namespace uflush
