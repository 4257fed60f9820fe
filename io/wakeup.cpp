#include "io/wakeup.hpp"

#include <array>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/check.hpp"
#include "io/optional_calls.hpp"

namespace uflush {
namespace {

bool set_up_end(int fd) {
  return ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

Result<Wakeup> Wakeup::create() {
  if (may_use(OptionalCall::eventfd)) {
    Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (event) return Wakeup(std::move(event), Fd{});
    if (!is_refused(OptionalCall::eventfd, errno)) return last_error();
  }
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return last_error();
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  if (!set_up_end(read_end.get()) || !set_up_end(write_end.get())) return last_error();
  return Wakeup(std::move(read_end), std::move(write_end));
}

void Wakeup::signal() const noexcept {
  const int before = errno;
  const std::uint64_t one = 1;
  const int fd = write_end_ ? write_end_.get() : read_end_.get();
  const ssize_t written = ::write(fd, &one, sizeof one);
  FLUSH_ASSERT(written == sizeof one || errno == EAGAIN);  // a full pipe is readable
  errno = before;
}

bool Wakeup::clear() const noexcept {
  bool was_signalled = false;
  std::array<std::uint64_t, 64> signals;
  while (true) {
    const ssize_t count =
        ::read(read_end_.get(), signals.data(), write_end_ ? sizeof signals : sizeof signals[0]);
    if (count <= 0) return was_signalled;
    was_signalled = true;
    if (!write_end_ || static_cast<std::size_t>(count) < sizeof signals) return true;
  }
}

}  // namespace uflush
