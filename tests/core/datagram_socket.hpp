#pragma once

#include <array>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/socket.h>

#include "tests/support/unix_socket.hpp"

namespace uflush {

/// A unix datagram socket that plays syslogd or postlogd; it reads only when it is told to. Takes the place
/// of an earlier one.
class DatagramSocket {
 public:
  explicit DatagramSocket(const std::string& path)
      : fd_((::unlink(path.c_str()), support::bind_unix_socket(path, SOCK_DGRAM))) {}

  /// The next record; nothing when none comes within `timeout_ms`.
  std::optional<std::string> receive(int timeout_ms = 0) {
    pollfd readable{fd_.get(), POLLIN, 0};
    if (::poll(&readable, 1, timeout_ms) <= 0) return std::nullopt;
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) return std::nullopt;
    return std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  support::OwnedFd fd_;
};

}  // namespace uflush
