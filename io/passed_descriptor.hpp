/// Descriptors that travel through sockets.
#pragma once

#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {

/// Takes the descriptor that came with the next byte on `socket`. Never waits: EAGAIN when nothing has come;
/// EPROTO when there was a byte without one, ECONNRESET at the end of input.
[[nodiscard]] Result<Fd> receive_descriptor(int socket);

}  // namespace uflush
