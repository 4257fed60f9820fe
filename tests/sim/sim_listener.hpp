/// A listening socket of the simulation, bound to a path of the simulated disk.
///
/// The bytes travel through real UNIX sockets (abstract names, so nothing lands on a real disk): within one
/// thread they are as deterministic as a simulation of them, and half-closes, resets and full backlogs are
/// the kernel's own.
#pragma once

#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

#include "io/fd.hpp"
#include "io/result.hpp"
#include "tests/sim/sim_disk.hpp"

namespace uflush {

class SimListener {
 public:
  /// Makes a socket at `path`.
  SimListener(SimDisk& disk, std::string_view path, int backlog = 100);
  SimListener(const SimListener&) = delete;
  SimListener& operator=(const SimListener&) = delete;
  /// The path stays, and refuses connections from now on.
  ~SimListener();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Takes a connection; EAGAIN when there is none.
  [[nodiscard]] Result<Fd> accept() const;
  /// Connects a socket to this listener.
  [[nodiscard]] Result<void> connect(int fd) const;

 private:
  SimInodePtr inode_;
  Fd fd_;
  sockaddr_un address_{};
  socklen_t address_bytes_ = 0;
};

/// Connects a socket to whoever listens at `path`: ENOENT, ECONNREFUSED, EAGAIN (backlog full).
[[nodiscard]] Result<void> connect_to(const SimDisk& disk, std::string_view path, int fd);

}  // namespace uflush
