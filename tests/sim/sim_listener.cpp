#include "tests/sim/sim_listener.hpp"

#include <cerrno>

#include "io/check.hpp"

namespace uflush {

SimListener::SimListener(SimDisk& disk, std::string_view path, int backlog)
    : inode_(disk.create(path, SimInode::Type::socket, 0666)),
      fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  FLUSH_ASSERT(fd_);
  address_.sun_family = AF_UNIX;
  // A name of the kernel's choice.
  FLUSH_ASSERT(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address_), sizeof(sa_family_t)) == 0);
  address_bytes_ = sizeof address_;
  FLUSH_ASSERT(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address_), &address_bytes_) == 0);
  FLUSH_ASSERT(::listen(fd_.get(), backlog) == 0);
  inode_->listener = this;
}

SimListener::~SimListener() {
  inode_->listener = nullptr;
}

Result<Fd> SimListener::accept() const {
  const int fd = ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return last_error();
  return Fd{fd};
}

Result<void> SimListener::connect(int fd) const {
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address_), address_bytes_) < 0) return last_error();
  return outcome::success();
}

Result<void> connect_to(const SimDisk& disk, std::string_view path, int fd) {
  TRY(place, disk.find(nullptr, path));
  if (!place.inode) return Error{ENOENT};
  if (place.inode->listener == nullptr) return Error{ECONNREFUSED};
  return place.inode->listener->connect(fd);
}

}  // namespace uflush
