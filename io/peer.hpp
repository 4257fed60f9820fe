/// What can be told of the other end of a connection.
#pragma once

namespace uflush {

/// The peer has closed, or shut down its side, and there is nothing left to read. Never waits.
[[nodiscard]] bool is_at_end(int socket) noexcept;

}  // namespace uflush
