/// Moving queue files from deferred to incoming, in the reference's order of steps (BEHAVIOUR.md 3.2).
///
/// Synchronous code for jobs. What must be logged comes back as text: the log belongs to the loop's thread.
#pragma once

#include <array>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/file_system.hpp"
#include "protocol/queue_id.hpp"
#include "protocol/queue_path.hpp"

namespace uflush {

/// Moves files one by one, keeping the directories open that it works in.
class QueueFileMover {
 public:
  /// `now` becomes the time stamp of the files, in whole seconds.
  QueueFileMover(FileSystem& files, const QueueLayout& layout, std::time_t now);

  enum class Queue : std::uint8_t { deferred, incoming, none };

  /// First step for a message of a site: gives it the current time. No look at mode, type or links. Says
  /// where it is.
  Queue touch(std::string_view queue_id);
  /// Second step, for what is in deferred.
  void rename_to_incoming(std::string_view queue_id);

  /// One message that somebody asked for by its ID: both steps, but only a plain file that its owner may
  /// read, write and execute, and with the mark (mode 0040) that makes the queue manager forget that its
  /// destinations are dead. True when the message was found, also if the move itself failed.
  bool move_unthrottled(std::string_view queue_id);

  /// Closes the directories that are kept open: between two slices of a long send, so that many sends at a
  /// time need few descriptors.
  void close_directories();

  /// Descriptors or memory ran out: messages have been passed over that may well be there.
  [[nodiscard]] bool ran_short() const noexcept { return ran_short_; }

  /// IDs of messages that are still in deferred, or may be, since the last call: they could not be given the
  /// time, or not be moved, for another reason than that they are not there.
  [[nodiscard]] std::vector<std::string> take_stayed() { return std::exchange(stayed_, {}); }

  /// What went wrong since the last call: texts for warnings.
  [[nodiscard]] std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

 private:
  /// A queue, and the one of its directories that the last message was in. Those of one list come together.
  struct OpenQueue {
    std::string_view queue;
    bool hashed = false;
    std::string path{};
    File directory{};
  };

  Result<void> touch_in(OpenQueue& queue, std::string_view queue_id);
  bool mark_unthrottled(std::string_view queue_id, Queue& queue);
  Result<void> try_rename(std::string_view queue_id);
  /// Good until the next call.
  const char* file_name(std::string_view queue_id);
  /// Good until the next call for the same queue.
  Result<FileHandle> directory(OpenQueue& queue, std::string_view queue_id);

  FileSystem& files_;
  const QueueLayout& layout_;
  std::time_t now_;
  OpenQueue deferred_;
  OpenQueue incoming_;
  std::string path_;  ///< of the directory that is looked for; kept for its memory
  std::array<char, queue_id_bytes_max + 1> name_{};
  std::vector<std::string> stayed_;
  std::vector<std::string> warnings_;
  bool ran_short_ = false;
};

}  // namespace uflush
