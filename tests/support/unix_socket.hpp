/// Binding of UNIX sockets for the peers that the harness plays.
#pragma once

#include <string>

#include <sys/un.h>

#include "tests/support/owned_fd.hpp"

namespace uflush::support {

/// `path` as an address; a failure when it is too long for one.
[[nodiscard]] sockaddr_un unix_address(const std::string& path);

/// A bound socket of `type` (SOCK_STREAM, SOCK_DGRAM, with flags) at `path`, mode 0666.
[[nodiscard]] OwnedFd bind_unix_socket(const std::string& path, int type);

}  // namespace uflush::support
