/// Moving the messages that a log lists: first each gets the current time, then it is renamed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/log_source.hpp"
#include "core/spool_access.hpp"
#include "io/result.hpp"
#include "io/stop.hpp"
#include "io/task.hpp"

namespace uflush {

/// What moving came to.
struct Moved {
  Error failure{};     ///< EMFILE: descriptors or memory were short, not all were looked for. Others: what
                       ///< reading the log failed with; ECANCELED: stopped
  std::string stayed;  ///< lines whose messages are still there, for another reason than ENOENT
  bool too_many_stayed = false;    ///< to remember them all
  std::vector<std::string> notes;  ///< for the verbose log
  std::vector<std::string> warnings;

  [[nodiscard]] bool is_complete() const noexcept { return failure.number == 0; }
};

/// Moves all messages that `lines` lists. Synchronous code for jobs, and short logs.
[[nodiscard]] Moved move_in_one_go(const SpoolAccess& spool, std::string_view log_name, LogSource& lines);

/// Moves all messages that `lines` lists, slice by slice in the pool, and logs what there is to say. The
/// queue manager is told after the first slice that there is something to scan, and again every 500 ms.
/// `stop` ends it between two slices, and so does a shortage of descriptors.
[[nodiscard]] Task<Moved> move_in_slices(SpoolAccess& spool, std::string_view log_name, LogSource& lines,
                                         StopToken stop);

}  // namespace uflush
