#include "io/passed_descriptor.hpp"

#include <array>
#include <cstring>
#include <ctime>

#include <sys/socket.h>

namespace uflush {
namespace {

/// The kernel's limit for one message (SCM_MAX_FD). It installs all descriptors for which the control buffer
/// has room, so there must be room for all of them: then none is cut off without our knowing its number.
constexpr std::size_t descriptors_max = 253;
/// What the owner of the socket may have asked for besides (SO_PASSCRED, SO_TIMESTAMP, SO_PASSSEC).
constexpr std::size_t other_bytes_max = CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(timespec)) + 512;

/// The descriptors of one message: the first is kept, the others are closed.
struct Received {
  Fd first;
  std::size_t count = 0;
};

Received take_descriptors(msghdr& message) {
  Received received;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t bytes = header->cmsg_len - CMSG_LEN(0);
    for (std::size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + at, sizeof number);
      Fd fd{number};
      if (received.count++ == 0) received.first = std::move(fd);
    }
  }
  return received;
}

}  // namespace

Result<Fd> receive_descriptor(int socket) {
  char byte = 0;
  iovec part{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int)) + other_bytes_max> control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();

  const ssize_t count = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) return last_error();
  Received received = take_descriptors(message);
  // The buffer has room for everything, so what cuts a message short is the limit of open files.
  if ((message.msg_flags & MSG_CTRUNC) != 0) return Error{EMFILE};
  if (count == 0) return Error{ECONNRESET};
  if (received.count != 1) return Error{EPROTO};
  return std::move(received.first);
}

}  // namespace uflush
