/// The lock that postmap(1) holds while it writes a table, and readers share.
#pragma once

#include <stop_token>

#include "io/result.hpp"

namespace uflush {

/// Holds a shared flock(2) on a descriptor that it does not own. Waits for postmap(1) if need be,
/// until `stop` is asked for (ECANCELED).
class SharedFileLock {
 public:
  explicit SharedFileLock(int fd, const std::stop_token& stop = {});
  ~SharedFileLock();
  SharedFileLock(const SharedFileLock&) = delete;
  SharedFileLock& operator=(const SharedFileLock&) = delete;

  /// Errno 0 when the lock is held.
  [[nodiscard]] Error error() const noexcept { return error_; }
  [[nodiscard]] bool held() const noexcept { return error_.number == 0; }

 private:
  int fd_;
  Error error_;
};

}  // namespace uflush
