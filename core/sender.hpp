/// Sending: the messages of a site's logfile go from deferred to incoming (BEHAVIOUR.md 3.3, 3.4).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/config.hpp"
#include "core/log.hpp"
#include "core/logfile.hpp"
#include "core/queue_manager.hpp"
#include "core/site_logs.hpp"
#include "io/blocking_pool.hpp"
#include "io/file_system.hpp"
#include "io/loop.hpp"
#include "io/mutex.hpp"
#include "io/stop.hpp"
#include "protocol/flush_reply.hpp"
#include "protocol/queue_path.hpp"

namespace uflush {

/// What senders and refreshers work with.
struct SpoolAccess {
  Loop& loop;
  Pool& work_pool;     ///< jobs that use the processor and the disk
  Pool& waiting_pool;  ///< jobs that wait for somebody else's lock
  FileSystem& files;
  const QueueLayout& layout;
  const Config& config;
  QueueManager& queue_manager;
  Log& log;
  OpenLogsPolicy open_logs{};
};

class Sender {
 public:
  /// Whom a send is for: a client's send_site un-throttles destinations first, a refresh does not.
  enum class Cause : std::uint8_t { send_site, refresh };

  /// Borrows both.
  Sender(SpoolAccess& spool, SiteLogs& logs);

  /// Moves what the log `name` lists, then takes those lines out of it. The lock is held only to read and to
  /// shorten the file: adds for the site go on meanwhile. One send per log at a time; the next one waits and
  /// handles what is left. `stop` (the daemon must leave now) ends it between two slices, and so does a
  /// shortage of descriptors, with the log untouched and FAIL.
  Task<Status> send(std::string name, Cause cause, StopToken stop);

  /// Moves one message. `queue_id` must be valid.
  Task<Status> send_file(std::string queue_id);

 private:
  struct Attempt;
  Task<Status> send_in_turn(const std::string& name, Cause cause, StopToken stop);
  Task<Result<void>> move_all(const std::string& name, std::string_view contents, StopToken stop);
  Attempt try_at_once(const std::string& name, FileHandle file, const std::string& path, long mark) const;
  Result<void> drop_lines(FileHandle file, const std::string& path, const LogContents& handled,
                          FileSystem::Lock patience) const;
  void warn(const std::vector<std::string>& texts);
  Status failed(const std::string& name, std::string_view operation, Error error);

  /// 1 to 999,999,999: another one each time, and not those of another process.
  long next_mark();

  SpoolAccess& spool_;
  SiteLogs& logs_;
  long last_mark_;
  std::unordered_map<std::string, std::unique_ptr<Mutex>> turns_;
};

}  // namespace uflush
