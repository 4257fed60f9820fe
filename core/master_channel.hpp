/// How a service tells master(8) whether it can take connections (BEHAVIOUR.md 1.6, 1.11).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

#include "io/result.hpp"
#include "protocol/master_status.hpp"

namespace uflush {

/// Descriptor of the status channel; shared with all processes of the service.
inline constexpr int master_status_fd = 5;
/// The first listening socket.
inline constexpr int first_listener_fd = 6;

/// Sends status records. Does not own the descriptor, and leaves its flags alone: it is shared. Readable
/// (end of file or any byte) means that master(8) wants this process to go; the loop polls fd() for that.
/// SIGPIPE must be ignored.
///
/// A master(8) that stands still does not make us wait. Records that find no room are kept, in order, and go
/// out before the next one or with send_waiting(). Two are enough: one that only takes back the one before it
/// makes both unnecessary.
class MasterChannel {
 public:
  MasterChannel(int fd, std::uint32_t generation, pid_t pid) : fd_(fd), generation_(generation), pid_(pid) {}

  [[nodiscard]] int fd() const noexcept { return fd_; }

  /// Reports TAKEN. Errors are of no interest: the AVAIL that follows finds them too.
  void report_taken() noexcept;

  /// Reports AVAIL. A failure says that master(8) is gone: finish what was accepted and exit with status 0.
  [[nodiscard]] Result<void> report_available() noexcept;

  /// Records that there was no room for. While there are some, send_waiting() has to be called when the
  /// descriptor is writable.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_count_; }
  /// Sends them, as far as there is room. Fails like report_available().
  [[nodiscard]] Result<void> send_waiting() noexcept;

 private:
  void enqueue(MasterStatus status) noexcept;

  int fd_;
  std::uint32_t generation_;
  pid_t pid_;
  std::array<MasterStatus, 2> waiting_{};  // no two alike
  std::size_t waiting_count_ = 0;
};

}  // namespace uflush
