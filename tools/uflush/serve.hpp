/// The daemon at work: the real ring, files, pools and clock around a server.
#pragma once

#include <memory>

#include "core/eligible_sites.hpp"
#include "core/fatal.hpp"
#include "core/site_logs.hpp"
#include "io/ring.hpp"
#include "tools/uflush/startup.hpp"

namespace uflush {

/// What has to be made while we are still root and see the whole file system.
struct Prepared {
  std::unique_ptr<EligibleSites> eligible;
  std::unique_ptr<Ring> ring;  ///< not charged to the mail owner's RLIMIT_MEMLOCK when root makes it
  // What the descriptor limit has room for, and, of clients, the ring:
  std::size_t clients_max = 0;
  OpenLogsPolicy open_logs;
};

/// Opens the pattern list with its tables, and the ring; raises the limit of open files as far as it goes. To
/// be called in the queue directory, before chroot and privilege drop.
[[nodiscard]] OrFatal<void> prepare_to_serve(Startup& startup, Prepared& prepared);

/// Serves until there is nothing left to do (master gone, max_use, max_idle, changed configuration, a
/// signal), and returns the exit status.
[[nodiscard]] int serve(Startup& startup, Prepared& prepared);

}  // namespace uflush
