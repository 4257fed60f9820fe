/// Moving the messages that a log lists: first each gets the current time, then it is renamed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/spool_access.hpp"
#include "io/result.hpp"
#include "io/stop.hpp"
#include "io/task.hpp"

namespace uflush {

/// What moving in one go came to.
struct Moved {
  bool ran_short = false;          ///< of descriptors or memory: not all were looked for
  std::vector<std::string> notes;  ///< for the verbose log
  std::vector<std::string> warnings;
};

/// Moves all messages that `contents` lists. Synchronous code for jobs, and short logs.
[[nodiscard]] Moved move_in_one_go(const SpoolAccess& spool, std::string_view log_name,
                                   std::string_view contents);

/// Moves all messages that `contents` lists, slice by slice in the pool. The queue manager is told after the
/// first slice that there is something to scan, and again every 500 ms. `stop` ends it between two slices
/// (ECANCELED), and so does a shortage of descriptors (EMFILE).
[[nodiscard]] Task<Result<void>> move_in_slices(SpoolAccess& spool, std::string_view log_name,
                                                std::string_view contents, StopToken stop);

}  // namespace uflush
