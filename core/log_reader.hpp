/// The lines of a logfile, as work for a send.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/queue_path.hpp"

namespace uflush {

/// Some of the messages of a log, in the order in which they are best moved.
struct MoveList {
  std::vector<std::string_view> queue_ids;  ///< each once, those of one hash directory together
  std::vector<std::string> warnings;        ///< about lines that are no queue IDs
  std::vector<std::string_view> repeated;   ///< IDs that had been there before
};

/// Takes the lines of `contents` apart, which must outlive the views (BEHAVIOUR.md 3.3 step 5).
class LogReader {
 public:
  LogReader(std::string_view contents, std::string_view log_name, const QueueLayout& layout)
      : rest_(contents), log_name_(log_name), layout_(layout) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  /// The next `lines_max` lines, or those that are left. Repeated IDs are found within one list.
  [[nodiscard]] MoveList next(std::size_t lines_max);

 private:
  [[nodiscard]] std::string_view next_line();

  std::string_view rest_;
  std::string_view log_name_;
  const QueueLayout& layout_;
};

}  // namespace uflush
