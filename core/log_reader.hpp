/// The lines of a logfile, as work for a send.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/log_source.hpp"
#include "protocol/queue_path.hpp"

namespace uflush {

/// Some of the messages of a log, in the order in which they are best moved.
struct MoveList {
  std::shared_ptr<const std::string> text;  ///< what the views look at
  std::vector<std::string_view> queue_ids;  ///< each once, those of one hash directory together
  std::vector<std::string> warnings;        ///< about lines that are no queue IDs
  std::vector<std::string_view> repeated;   ///< IDs that had been there before
};

/// Takes the lines of a log apart (BEHAVIOUR.md 3.3 step 5). Has one block of it in memory at a time, and the
/// beginning of a line.
class LogReader {
 public:
  /// Borrows all of them.
  LogReader(LogSource& source, std::string_view log_name, const QueueLayout& layout)
      : source_(source), log_name_(log_name), layout_(layout) {}

  /// Also when the log could not be read to its end.
  [[nodiscard]] bool at_end() const noexcept { return failed() || (rest_.empty() && source_.at_end()); }
  [[nodiscard]] bool failed() const noexcept { return error_.number != 0; }
  /// Why the log could not be read.
  [[nodiscard]] Error error() const noexcept { return error_; }

  /// The next lines: `lines_max` at most, and those of one block at most. Repeated IDs are found within one
  /// list.
  [[nodiscard]] MoveList next(std::size_t lines_max);

 private:
  void read_on();
  [[nodiscard]] bool is_at_end_mark() const noexcept;
  [[nodiscard]] std::optional<std::string_view> next_line();

  LogSource& source_;
  std::string_view log_name_;
  const QueueLayout& layout_;
  std::shared_ptr<const std::string> text_;
  std::string_view rest_;  ///< of text_
  bool skips_ = false;     ///< what comes next belongs to a line that was too long
  Error error_{};
};

}  // namespace uflush
