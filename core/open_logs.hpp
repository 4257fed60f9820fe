/// Which logfiles stay open between appends, when there are more of them than may be open.
///
/// A log that is opened although all places are taken is a guest: it is closed when the turn ends, or when
/// its batch is over. It gets a place only if its use before this one is more recent than the last use of the
/// resident that is next to be looked at. So the logs that are used most stay open, and more sites than fit,
/// each in its turn, do not close each other's logs just before they are needed.
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
  std::size_t open_min = 256;  ///< so many may stay open in any case
  std::size_t open_max = 256;  ///< and so many while nobody else needs the descriptors
  std::size_t shared_max = 0;  ///< descriptors for open logs and clients together
  NameWatch* watch = nullptr;  ///< none: every append takes the lock, and looks
};

/// What one log has to do with that. OpenLogs::note_close() before it goes.
class OpenLog
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>> {
 public:
  OpenLog(AppendFile& file, KeptLock& lock) : file_(file), lock_(lock) {}

  /// A batch is on its way in the background: it is not to be closed.
  [[nodiscard]] bool is_busy() const noexcept { return busy_; }

 private:
  friend class OpenLogs;
  enum class Role : std::uint8_t {
    closed,
    resident,
    guest,  ///< in the list of guests while it is not busy
  };

  AppendFile& file_;
  KeptLock& lock_;
  Role role_ = Role::closed;
  bool busy_ = false;
  bool used_ = false;  ///< since somebody looked for a log to close
  Instant used_at_ = Instant::min();
  Instant used_before_ = Instant::min();
};

class OpenLogs {
 public:
  /// Borrows the locks: who is closed keeps none.
  OpenLogs(const OpenLogsPolicy& policy, KeptLocks& locks) noexcept;

  /// Once for each batch of lines.
  void note_use(OpenLog& log, Instant now) noexcept;
  /// After its file may have been opened or closed.
  void note_file(OpenLog& log) noexcept;
  /// Its file is closed, or about to be.
  void note_close(OpenLog& log) noexcept;
  /// Its batch goes on in the background, and is over.
  void note_busy(OpenLog& log) noexcept;
  void note_idle(OpenLog& log) noexcept;

  /// So many clients need a descriptor each: closes what is open beyond that.
  void leave_room_for(std::size_t clients) noexcept;

  /// Closes up to `count` logs, those first that would have been next to go. False when all are busy.
  bool close_idle(std::size_t count) noexcept;

  /// There are so many guests that they should not wait for the end of the turn.
  [[nodiscard]] bool is_crowded() const noexcept { return guests_.size() >= guests_max; }
  /// Closes guests, or residents in favour of guests. Who is busy stays for as long as that.
  void close_surplus() noexcept;

 private:
  static constexpr std::size_t guests_max = 64;
  using List = boost::intrusive::list<OpenLog>;

  [[nodiscard]] std::size_t room_beside(std::size_t clients) const noexcept;
  void settle(OpenLog& guest) noexcept;
  void become_resident(OpenLog& log) noexcept;
  void close(OpenLog& log) noexcept;
  [[nodiscard]] OpenLog* next_to_go(std::size_t looks_max) noexcept;
  void spare_next_to_go() noexcept { residents_.splice(residents_.end(), residents_, residents_.begin()); }

  const OpenLogsPolicy policy_;
  std::size_t open_max_;  ///< now
  KeptLocks& locks_;
  List residents_;  ///< next to be looked at first
  List guests_;
};

}  // namespace uflush
