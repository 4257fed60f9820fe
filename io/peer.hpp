/// What can be told of the other end of a connection.
#pragma once

namespace uflush {

/// The peer has closed its socket, and there is nothing left to read. A peer that has shut down its sending
/// side only can still hear us, and has not gone. Never waits.
[[nodiscard]] bool has_gone(int socket) noexcept;

}  // namespace uflush
