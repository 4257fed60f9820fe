#include "io/peer.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace uflush {

bool is_at_end(int socket) noexcept {
  char byte = 0;
  const ssize_t count = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && (errno == ECONNRESET || errno == EPIPE));
}

}  // namespace uflush
