#include "io/older_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/optional_calls.hpp"

namespace uflush {
namespace {

Result<Fd> closed_on_exec(Fd fd) {
  if (!fd || ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) return last_error();
  return fd;
}

Result<void> checked(int answer) {
  if (answer < 0) return last_error();
  return outcome::success();
}

int renameat2(int from_directory, const char* from, int to_directory, const char* to) {
  return static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, 0));
}

/// Up to the limit of open files, when /proc does not tell which there are.
void close_one_by_one(unsigned first, unsigned last) noexcept {
  rlimit limit{};
  const rlim_t end = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
  for (unsigned fd = first; fd <= last && fd < end; ++fd) ::close(static_cast<int>(fd));
}

}  // namespace

Result<Fd> accept_from(int listener) {
  if (may_use(OptionalCall::accept4)) {
    Fd client(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (client) return client;
    if (!is_refused(OptionalCall::accept4, errno)) return last_error();
  }
  return closed_on_exec(Fd(::accept(listener, nullptr, nullptr)));
}

Result<std::size_t> receive_now(int socket, std::span<std::byte> into) {
  ssize_t count = -1;
  const bool usual = may_use(OptionalCall::recvfrom);
  if (usual) count = ::recv(socket, into.data(), into.size(), MSG_DONTWAIT);
  if (!usual || (count < 0 && is_refused(OptionalCall::recvfrom, errno))) {
    iovec part{.iov_base = into.data(), .iov_len = into.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    count = ::recvmsg(socket, &message, MSG_DONTWAIT);
  }
  if (count < 0) return last_error();
  return static_cast<std::size_t>(count);
}

Result<Fd> open_epoll() {
  if (may_use(OptionalCall::epoll_create1)) {
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (epoll) return epoll;
    if (!is_refused(OptionalCall::epoll_create1, errno)) return last_error();
  }
  return closed_on_exec(Fd(::epoll_create(1)));
}

Result<bool> is_listening(int fd) {
  if (!may_use(OptionalCall::getsockopt)) return Error{EPERM};
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) return last_error();
  return listening != 0;
}

Result<void> sync_data(int file) {
  if (may_use(OptionalCall::fdatasync)) {
    if (::fdatasync(file) == 0) return outcome::success();
    if (!is_refused(OptionalCall::fdatasync, errno)) return last_error();
  }
  return checked(::fsync(file));
}

Result<void> rename_at(int from_directory, const char* from, int to_directory, const char* to) {
  if (may_use(OptionalCall::renameat)) {
    if (::renameat(from_directory, from, to_directory, to) == 0) return outcome::success();
    if (!is_refused(OptionalCall::renameat, errno)) return last_error();
  }
  if (from_directory == AT_FDCWD && to_directory == AT_FDCWD) return checked(std::rename(from, to));
  return checked(renameat2(from_directory, from, to_directory, to));
}

Result<void> unlink_at(int directory, const char* name) {
  if (may_use(OptionalCall::unlinkat)) {
    if (::unlinkat(directory, name, 0) == 0) return outcome::success();
    if (!is_refused(OptionalCall::unlinkat, errno)) return last_error();
  }
  if (directory != AT_FDCWD) return Error{EPERM};
  return checked(::unlink(name));
}

Result<void> make_directory_at(int directory, const char* name, mode_t permissions) {
  if (may_use(OptionalCall::mkdirat)) {
    if (::mkdirat(directory, name, permissions) == 0) return outcome::success();
    if (!is_refused(OptionalCall::mkdirat, errno)) return last_error();
  }
  if (directory != AT_FDCWD) return Error{EPERM};
  return checked(::mkdir(name, permissions));
}

void close_descriptors(unsigned first, unsigned last) noexcept {
  if (first > last) return;
  if (may_use(OptionalCall::close_range)) {
    if (::close_range(first, last, 0) == 0) return;
    is_refused(OptionalCall::close_range, errno);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir("/proc/self/fd"), ::closedir);
  if (!open) return close_one_by_one(first, last);
  const auto own = static_cast<unsigned>(::dirfd(open.get()));
  while (const dirent* entry = ::readdir(open.get())) {
    const unsigned long fd = std::strtoul(entry->d_name, nullptr, 10);
    if (entry->d_name[0] != '.' && fd >= first && fd <= last && fd != own) ::close(static_cast<int>(fd));
  }
}

}  // namespace uflush
