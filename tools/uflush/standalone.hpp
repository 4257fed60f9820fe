/// `uflush --standalone DIR`: a spool without Postfix, for trying out, tests and benchmarks.
#pragma once

#include <string>

#include "core/fatal.hpp"
#include "core/log.hpp"
#include "io/fd.hpp"
#include "io/loop.hpp"
#include "io/scope.hpp"
#include "io/stop.hpp"

namespace uflush {

/// Makes `directory` a spool: the queues, `flush`, and `public`. What is there stays.
[[nodiscard]] OrFatal<void> make_spool(const std::string& directory);

/// A listening socket at `path`, relative to the working directory. A socket that nobody listens on any more
/// is replaced; one that is in use is an error.
[[nodiscard]] OrFatal<Fd> listen_at(const std::string& path);

/// The neighbours that a flush service expects, as far as they are needed alone.
class Standalone {
 public:
  Standalone(Loop& loop, Log& log) : loop_(loop), log_(log) {}

  /// Listens on public/qmgr in the queue manager's place, and logs what it is asked for. When a queue manager
  /// is there already it stays out of its way.
  Task<void> play_queue_manager(StopToken stop);

 private:
  Task<void> hear_wish(Fd peer, StopToken stop);

  Loop& loop_;
  Log& log_;
};

}  // namespace uflush
