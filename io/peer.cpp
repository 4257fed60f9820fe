#include "io/peer.hpp"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

#include "io/optional_calls.hpp"

namespace uflush {

bool has_gone(int socket) noexcept {
  pollfd peer{.fd = socket, .events = 0, .revents = 0};
  if (::poll(&peer, 1, 0) != 1 || (peer.revents & POLLHUP) == 0) return false;
  if (!may_use(OptionalCall::recvfrom)) return false;
  char byte = 0;
  const ssize_t count = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && (errno == ECONNRESET || errno == EPIPE));
}

}  // namespace uflush
