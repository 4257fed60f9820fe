/// What a send does to a logfile: it reads what is there, and takes those lines out when it has handled them.
/// The lock is held for both ends only; adds go on in between.
///
/// Synchronous code for jobs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "core/config.hpp"
#include "io/file_system.hpp"
#include "io/result.hpp"

namespace uflush {

/// The beginning of a log, which a send handles, and how to recognise it.
struct HandledPart {
  std::uint64_t size_bytes = 0;
  std::uint64_t digest = 0;  ///< of what was read (core/log_source.hpp)
  /// The file's access time since then, down to the nanosecond. Whoever sends the same log meanwhile changes
  /// it; adds do not.
  std::time_t mark = 0;
  long mark_nanoseconds = 0;
};

/// What a send has found.
struct FoundLog {
  HandledPart part;
  bool is_whole = false;  ///< `lines` is all of it; nothing was read otherwise
  std::string lines;
};

/// Locks the file, measures it, and leaves a mark: `now` and `nanoseconds` (not 0, and
/// another number each time) as the access time. Reads it, too, if it has no more than `short_bytes` (which
/// is less than a block). EWOULDBLOCK when another process has the lock.
[[nodiscard]] Result<FoundLog> find_lines(FileSystem& files, FileHandle file, std::time_t now,
                                          long nanoseconds, std::size_t short_bytes);

/// Takes the lines of `handled` out of the file but for `stay`, lines of it that are kept, and sets the time
/// stamps of the file to `now` (which tells refresh that the log has been looked at).
///
/// Under the lock, and only while the file still begins with those lines and bears the mark: another flush
/// process may have emptied it, and the same IDs may have been added again. Lines that came in meanwhile
/// stay as well. At no instant is one of them missing or cut: those of `stay` are appended first; then all
/// that stand behind `handled` are copied to the front, while they still stand at the end of the file; then
/// it is cut at the end of the copy. Where the copy does not fit into `handled`, the file stays as it is:
/// lines that are looked at twice do no harm. EWOULDBLOCK as above.
[[nodiscard]] Result<void> drop_handled_lines(FileSystem& files, FileHandle file, const HandledPart& handled,
                                              std::string_view stay, std::time_t now, Durability durability);

}  // namespace uflush
