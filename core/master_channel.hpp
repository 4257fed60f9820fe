/// How a service tells master(8) whether it can take connections (BEHAVIOUR.md 1.6, 1.11).
#pragma once

#include <cstdint>

#include <sys/types.h>

#include "io/result.hpp"

namespace uflush {

/// Descriptor of the status channel; shared with all processes of the service.
inline constexpr int master_status_fd = 5;
/// The first listening socket.
inline constexpr int first_listener_fd = 6;

/// Writes status records. Does not own the descriptor, and leaves its flags alone: it is shared. Readable
/// (end of file or any byte) means that master(8) wants this process to go; the loop polls fd() for that.
/// SIGPIPE must be ignored.
class MasterChannel {
 public:
  MasterChannel(int fd, std::uint32_t generation, pid_t pid) : fd_(fd), generation_(generation), pid_(pid) {}

  [[nodiscard]] int fd() const noexcept { return fd_; }

  /// Reports TAKEN. Errors are of no interest: the AVAIL that follows finds them too.
  void report_taken() const noexcept;

  /// Reports AVAIL. A failure says that master(8) is gone: finish what was accepted and exit with status 0.
  [[nodiscard]] Result<void> report_available() const noexcept;

 private:
  int fd_;
  std::uint32_t generation_;
  pid_t pid_;
};

}  // namespace uflush
