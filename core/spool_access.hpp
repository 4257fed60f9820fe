/// What everybody needs who sends.
#pragma once

#include <cstddef>

#include "core/config.hpp"
#include "core/log.hpp"
#include "core/queue_manager.hpp"
#include "core/site_logs.hpp"
#include "io/blocking_pool.hpp"
#include "io/file_system.hpp"
#include "io/loop.hpp"
#include "protocol/queue_path.hpp"

namespace uflush {

class PrivilegedClient;

/// What senders and refreshers work with.
struct SpoolAccess {
  Loop& loop;
  Pool& work_pool;   ///< jobs that use the processor and the disk, and wait for nobody
  Pool& table_pool;  ///< look-ups in tables on disk, which wait for the lock of who writes one
  FileSystem& files;
  const QueueLayout& layout;
  const Config& config;
  QueueManager& queue_manager;
  Log& log;
  OpenLogsPolicy open_logs{};
  PrivilegedClient* privileged = nullptr;  ///< null: tables are asked through proxymap(8) alone
};

}  // namespace uflush
