#include "tests/support/unix_socket.hpp"

#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/support/failure.hpp"

namespace uflush::support {

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) fail("path too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

OwnedFd bind_unix_socket(const std::string& path, int type) {
  OwnedFd fd{::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)};
  if (!fd.is_open()) fail_errno("socket");
  const sockaddr_un address = unix_address(path);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail_errno("bind " + path);
  if (::chmod(path.c_str(), 0666) != 0) fail_errno("chmod " + path);
  return fd;
}

}  // namespace uflush::support
