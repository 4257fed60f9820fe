/// What newer system calls do, by older ones where the newer are refused (io/optional_calls.hpp).
#pragma once

#include <cstddef>
#include <span>

#include <sys/types.h>

#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {

/// The next client of `listener`, with close-on-exec set. Waits if the listener does.
[[nodiscard]] Result<Fd> accept_from(int listener);
/// recv(2), without waiting.
[[nodiscard]] Result<std::size_t> receive_now(int socket, std::span<std::byte> into);
[[nodiscard]] Result<Fd> open_epoll();
/// Whether `fd` is a socket that listens. EPERM where nobody may ask.
[[nodiscard]] Result<bool> is_listening(int fd);

/// fdatasync(2).
[[nodiscard]] Result<void> sync_data(int file);
/// renameat(2), unlinkat(2) without flags, mkdirat(2). The older calls know no directories but the current
/// one, so others fail with EPERM or ENOSYS where the newer calls are refused.
[[nodiscard]] Result<void> rename_at(int from_directory, const char* from, int to_directory, const char* to);
[[nodiscard]] Result<void> unlink_at(int directory, const char* name);
[[nodiscard]] Result<void> make_directory_at(int directory, const char* name, mode_t permissions);

/// Closes every descriptor from `first` to `last`; `last` may be beyond every limit.
void close_descriptors(unsigned first, unsigned last) noexcept;

}  // namespace uflush
