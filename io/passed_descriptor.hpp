/// Descriptors that travel through sockets.
#pragma once

#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {

/// Takes the descriptor that came with the next byte on `socket`, with close-on-exec set. Never waits.
/// Errors: EAGAIN when nothing has come, ECONNRESET at the end of input, EPROTO when the byte came with no
/// descriptor or with several, EMFILE when the kernel had no number left for one of them. After an error none
/// of them is open.
[[nodiscard]] Result<Fd> receive_descriptor(int socket);

}  // namespace uflush
