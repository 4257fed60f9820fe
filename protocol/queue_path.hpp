/// Where in the queue directory a queue file or a logfile lives (BEHAVIOUR.md 4.4).
///
///   path = queue "/" hash-directory name
///
/// The hash directory of a hashed queue is one directory per level, each named after one character: of the ID
/// itself for a short ID; of the microseconds in it, as five upper-case hex digits, for a long one (its first
/// digits are the time and would put all mail of an hour into one directory). Logfile names follow the same
/// rule, also those that only happen to look like long IDs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace uflush {

/// Knows which queues are hashed and how deep. Immutable, so it may be shared between threads.
class QueueLayout {
 public:
  /// `hash_queue_names`: names separated by commas or blanks, upper and lower case alike.
  /// `hash_queue_depth`: levels of directories, at least 1.
  QueueLayout(std::string_view hash_queue_names, int hash_queue_depth);

  [[nodiscard]] bool is_hashed(std::string_view queue) const noexcept;

  /// "A/B/", relative to the directory of the queue; empty when it is not hashed. `id` must be valid
  /// (protocol/queue_id.hpp).
  [[nodiscard]] std::string hash_directory(std::string_view queue, std::string_view id) const;

  /// "deferred/A/B/ABCDEF", relative to the queue directory. `id` must be valid.
  [[nodiscard]] std::string path(std::string_view queue, std::string_view id) const;

  /// Appends what path() returns: for loops over many files.
  void append_path(std::string& out, std::string_view queue, std::string_view id) const;

  /// Appends "A/B/", whether or not the queue is hashed: for loops over many files.
  void append_hash_directory(std::string& out, std::string_view id) const;

  [[nodiscard]] int hash_queue_depth() const noexcept { return static_cast<int>(depth_); }

 private:
  std::vector<std::string> hashed_queues_;
  std::size_t depth_;
};

}  // namespace uflush
