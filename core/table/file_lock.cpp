#include "core/table/file_lock.hpp"

#include <cerrno>

#include <sys/file.h>

namespace uflush {

SharedFileLock::SharedFileLock(int fd) noexcept : fd_(fd) {
  int result = 0;
  do result = ::flock(fd_, LOCK_SH);
  while (result < 0 && errno == EINTR);
  if (result < 0) error_ = last_error();
}

SharedFileLock::~SharedFileLock() {
  if (held()) ::flock(fd_, LOCK_UN);
}

}  // namespace uflush
