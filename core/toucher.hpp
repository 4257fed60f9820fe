/// The first of the two steps of moving the messages of a log, a slice at a time (BEHAVIOUR.md 3.3).
#pragma once

#include <cstddef>
#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/log_reader.hpp"
#include "core/queue_file.hpp"
#include "core/spool_access.hpp"

namespace uflush {

/// Gives messages the current time. So it finds their directory entries and inodes, from the disk if need be,
/// which the second step then has at hand. Synchronous code for jobs.
class Toucher {
 public:
  /// The messages that `lines` lists. Borrows everything.
  Toucher(const SpoolAccess& spool, std::time_t now, std::string_view log_name, LogSource& lines);

  struct Slice {
    std::shared_ptr<const std::string> text;    ///< what the views look at
    std::vector<std::string_view> in_deferred;  ///< to be renamed, in this order
    std::vector<std::string> stayed;            ///< IDs that could not be given the time
    std::vector<std::string> notes;             ///< for the verbose log
    std::vector<std::string> warnings;
    bool is_last = false;
    bool ran_short = false;  ///< of descriptors or memory
    Error read_error{};      ///< the log could not be read to its end
  };

  [[nodiscard]] Slice next(std::size_t files_max);

 private:
  void read_on(Slice& slice);
  void note(Slice& slice, std::span<const std::string_view> ids,
            fmt::format_string<std::string_view&> what) const;

  const Ring& ring_;
  QueueFileMover mover_;
  LogReader reader_;
  std::string_view log_name_;
  bool verbose_;
  MoveList list_;
  std::size_t lines_;
  std::size_t position_ = 0;
};

}  // namespace uflush
