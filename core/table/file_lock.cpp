#include "core/table/file_lock.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <sys/file.h>

namespace uflush {
namespace {

constexpr std::chrono::milliseconds first_pause{1};
constexpr std::chrono::milliseconds longest_pause{20};

int try_to_lock(int fd) {
  int result = 0;
  do result = ::flock(fd, LOCK_SH | LOCK_NB);
  while (result < 0 && errno == EINTR);
  return result < 0 ? errno : 0;
}

}  // namespace

/// Tries again and again, since nothing ends a flock(2) that waits.
SharedFileLock::SharedFileLock(int fd, const std::stop_token& stop) : fd_(fd) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::chrono::milliseconds pause = first_pause;
  error_.number = try_to_lock(fd_);
  while (error_.number == EWOULDBLOCK) {
    if (stop.stop_requested()) {
      error_.number = ECANCELED;
      return;
    }
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, pause, [] { return false; });
    pause = std::min(2 * pause, longest_pause);
    error_.number = try_to_lock(fd_);
  }
}

SharedFileLock::~SharedFileLock() {
  if (held()) ::flock(fd_, LOCK_UN);
}

}  // namespace uflush
