/// Waking the queue manager (BEHAVIOUR.md 3.6).
#pragma once

#include <string>

#include "core/config.hpp"
#include "core/log.hpp"
#include "io/file_system.hpp"
#include "io/loop.hpp"
#include "io/mutex.hpp"
#include "protocol/trigger.hpp"

namespace uflush {

/// Knocks at `public/<queue_service_name>`, which is a FIFO or a socket. Borrows everything.
class QueueManager {
 public:
  QueueManager(Loop& loop, FileSystem& files, const Config& config, Log& log);

  /// Leaves one wish. Wishes arrive in the order of the calls. Never fails: a queue manager that does not
  /// listen is not the client's concern, it scans by itself when it comes back.
  ///
  /// Unlike the reference the connection is closed right away: the bytes stay readable for the queue manager,
  /// and a slow one costs no descriptors (BEHAVIOUR.md 10.29).
  Task<void> trigger(QueueTrigger wish);

 private:
  void knock_at_fifo(QueueTrigger wish);
  Task<Result<void>> knock_at_socket(QueueTrigger wish);

  Loop& loop_;
  FileSystem& files_;
  const Config& config_;
  Log& log_;
  std::string path_;
  Mutex one_at_a_time_;
};

}  // namespace uflush
