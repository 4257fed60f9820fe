/// A send in a single trip to a worker: the way there and back takes longer than the work on a short log.
#pragma once

#include <cerrno>
#include <string>
#include <vector>

#include "core/logfile.hpp"
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
  Result<LogContents> contents = Error{EWOULDBLOCK};
  bool moved = false;
  bool ran_short = false;  ///< of descriptors or memory
  Result<void> dropped = Error{EWOULDBLOCK};
  std::vector<std::string> notes;  ///< for the verbose log
  std::vector<std::string> warnings;

  /// Nothing is left to do for the log.
  [[nodiscard]] bool is_complete() const noexcept { return contents && moved && dropped; }
};

/// Reads the log, moves its messages, takes its lines out, as far as that goes without waiting. A job.
[[nodiscard]] ShortSend try_short_send(const SpoolAccess& spool, const LogInHand& log);

/// Takes the lines `handled` out of the log (core/logfile.hpp).
[[nodiscard]] Result<void> drop_lines(const SpoolAccess& spool, const LogInHand& log,
                                      const LogContents& handled, FileSystem::Lock patience);

}  // namespace uflush
