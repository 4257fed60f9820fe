#include "tests/support/wait.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/inotify.h>

#include "tests/support/failure.hpp"
#include "tests/support/owned_fd.hpp"

namespace uflush::support {

int Deadline::left_ms() const {
  const auto left = std::chrono::ceil<milliseconds>(at_ - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

bool wait_readable(int fd, const Deadline& deadline) {
  for (;;) {
    pollfd wanted{fd, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, deadline.left_ms());
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) fail_errno("poll");
  }
}

bool wait_until(const std::vector<std::string>& paths, const std::function<bool()>& done,
                milliseconds timeout) {
  const Deadline deadline{timeout};
  const OwnedFd watch{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  if (!watch.is_open()) fail_errno("inotify_init1");
  for (const std::string& path : paths) {
    constexpr std::uint32_t changes =
        IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE | IN_DELETE_SELF;
    if (::inotify_add_watch(watch.get(), path.c_str(), changes) < 0) fail_errno("watch " + path);
  }
  while (!done()) {
    if (!wait_readable(watch.get(), deadline)) return done();
    std::array<char, 16384> events;
    while (::read(watch.get(), events.data(), events.size()) > 0) {
    }
  }
  return true;
}

}  // namespace uflush::support
