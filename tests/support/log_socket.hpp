/// A datagram socket that collects log records: in place of postlogd(8) (public/postlog) or of the system's
/// logger (/dev/log).
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/owned_fd.hpp"
#include "tests/support/wait.hpp"

namespace uflush::support {

/// The text behind `tag[pid]: `, or the whole record when it has no such head.
[[nodiscard]] std::string record_text(std::string_view record);

/// Reads all the time, in a thread of its own: senders block when nobody drains the socket.
class LogSocket {
 public:
  /// Binds `path` (mode 0666), which must not exist yet.
  explicit LogSocket(const std::string& path);
  LogSocket(const LogSocket&) = delete;
  LogSocket& operator=(const LogSocket&) = delete;
  ~LogSocket();

  /// All records so far, whole.
  [[nodiscard]] std::vector<std::string> records() const;
  /// Their texts (see record_text).
  [[nodiscard]] std::vector<std::string> texts() const;
  /// Takes away the texts of all records so far.
  std::vector<std::string> take_texts();
  /// Waits for a record that contains `marker` and takes away the texts of all records before it, and itself;
  /// a failure when there is none by `timeout`.
  std::vector<std::string> take_texts_before(std::string_view marker, milliseconds timeout = patience);
  /// True once some record contains `part`.
  [[nodiscard]] bool wait_for(std::string_view part, milliseconds timeout = patience) const;

 private:
  void collect();

  OwnedFd socket_;
  OwnedFd stop_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> records_;
  std::thread reader_;
};

}  // namespace uflush::support
