/// Which logfiles stay open between appends, when there are more of them than may be open.
///
/// A log that is opened although all places are taken is a guest: it is closed when the turn ends, unless its
/// append before this one is more recent than that of a resident, whose place it then gets. So the logs that
/// are used most stay open, and more sites than fit, each in its turn, do not close each other's logs just
/// before they are needed.
#pragma once

#include <cstddef>
#include <cstdint>

#include <boost/intrusive/list.hpp>

#include "core/kept_locks.hpp"
#include "core/logfile.hpp"
#include "io/clock.hpp"
#include "io/name_watch.hpp"

namespace uflush {

/// No more logs than these are ever open, whatever the limit of descriptors.
inline constexpr std::size_t open_logs_limit = 131'072;

/// How logfiles are kept ready for the next add.
struct OpenLogsPolicy {
  std::size_t open_min = 256;  ///< of those that were used last, so many may stay open in any case
  std::size_t open_max = 256;  ///< and so many while nobody else needs the descriptors
  std::size_t shared_max = 0;  ///< descriptors for open logs and clients together
  NameWatch* watch = nullptr;  ///< none: every append takes the lock, and looks
};

/// What one log has to do with that. Leaves by itself when it goes.
class OpenLog
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>> {
 public:
  OpenLog(AppendFile& file, KeptLock& lock) : file_(file), lock_(lock) {}

  bool busy = false;  ///< a batch is on its way in the background: not to be closed

 private:
  friend class OpenLogs;
  enum class Role : std::uint8_t { closed, resident, guest };

  AppendFile& file_;
  KeptLock& lock_;
  Role role_ = Role::closed;
  bool used_ = false;  ///< since somebody looked for a log to close
  Instant used_at_ = Instant::min();
  Instant used_before_ = Instant::min();
};

class OpenLogs {
 public:
  OpenLogs(const OpenLogsPolicy& policy, KeptLocks& locks) noexcept
      : policy_(policy), open_max_(policy.open_max), locks_(locks) {}

  /// After an append. True when the file has been opened for it.
  bool note_append(OpenLog& log, Instant now) noexcept;
  /// Its file is closed, or about to be.
  void note_close(OpenLog& log) noexcept;

  /// So many clients need a descriptor each: closes what is open beyond that.
  void leave_room_for(std::size_t clients) noexcept;

  /// There are so many guests that they should not wait for the end of the turn.
  [[nodiscard]] bool is_crowded() const noexcept { return guests_.size() > guests_max; }
  /// Closes guests, or residents in favour of guests. Who is busy stays, and is a resident from then on.
  void close_surplus() noexcept;

 private:
  static constexpr std::size_t guests_max = 64;
  using List = boost::intrusive::list<OpenLog>;

  void settle(OpenLog& guest) noexcept;
  void become_resident(OpenLog& log) noexcept;
  void close(OpenLog& log) noexcept;
  [[nodiscard]] OpenLog* next_to_go() noexcept;
  void spare_next_to_go() noexcept { residents_.splice(residents_.end(), residents_, residents_.begin()); }

  const OpenLogsPolicy policy_;
  std::size_t open_max_;  ///< now
  KeptLocks& locks_;
  List residents_;  ///< next to be looked at first
  List guests_;
};

}  // namespace uflush
