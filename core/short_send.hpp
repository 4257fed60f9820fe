/// A send in a single trip to a worker: the way there and back takes longer than the work on a short log.
#pragma once

#include <cerrno>
#include <string>

#include "core/handled_lines.hpp"
#include "core/moving.hpp"
#include "core/spool_access.hpp"

namespace uflush {

/// A logfile that is being sent.
struct LogInHand {
  const std::string& name;
  const std::string& path;
  FileHandle file;
  long mark;  ///< nanoseconds that no other send uses
};

/// How far a single trip has come. EWOULDBLOCK: not yet, as the log is long, or somebody else has its lock.
struct ShortSend {
  Result<FoundLog> found = Error{EWOULDBLOCK};
  bool is_moved = false;  ///< what follows says how that went; if it failed, the log stays as it is
  Moved moved;
  Result<void> dropped = Error{EWOULDBLOCK};

  /// Nothing is left to do for the log.
  [[nodiscard]] bool is_complete() const noexcept {
    return found && is_moved && moved.is_complete() && dropped;
  }
};

/// Reads the log, moves its messages, takes its lines out, as far as that goes without waiting. A job.
[[nodiscard]] ShortSend try_short_send(const SpoolAccess& spool, const LogInHand& log);

/// The first step of a send.
[[nodiscard]] Result<FoundLog> find_lines(const SpoolAccess& spool, const LogInHand& log);
/// The last one: takes the lines `handled` out of the log but for those that stayed (core/handled_lines.hpp).
/// Does nothing when too many did.
[[nodiscard]] Result<void> drop_lines(const SpoolAccess& spool, const LogInHand& log,
                                      const HandledPart& handled, const Moved& moved);

}  // namespace uflush
