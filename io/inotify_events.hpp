/// The events in an inotify(7) descriptor, one by one.
#pragma once

#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <sys/inotify.h>
#include <unistd.h>

namespace uflush {

/// Reads all that is there, and calls `handle(int watch, std::uint32_t mask, std::string_view name)` for
/// each. `fd` must be non-blocking.
template <typename Handler>
void for_each_inotify_event(int fd, Handler&& handle) {
  alignas(inotify_event) std::array<char, 16 * (sizeof(inotify_event) + NAME_MAX + 1)> buffer;
  for (;;) {
    const ssize_t filled = ::read(fd, buffer.data(), buffer.size());
    if (filled < 0 && errno == EINTR) continue;
    if (filled <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(filled);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = event.len > 0 ? buffer.data() + at + sizeof event : "";
      handle(event.wd, event.mask, std::string_view(name));
      at += sizeof event + event.len;
    }
  }
}

}  // namespace uflush
