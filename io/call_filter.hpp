/// Giving up the system calls that the process will not make: seccomp(2).
#pragma once

#include "io/result.hpp"

namespace uflush {

/// What not every process needs.
struct CallNeeds {
  bool makes_listener = false;       ///< bind(2), listen(2), and what prepares the way for them
  bool every_socket_family = false;  ///< else UNIX sockets only
};

/// From here on this process, and every thread that it starts, makes the system calls of a daemon at work:
/// files, UNIX sockets, waiting, threads, memory, time. Everything else fails with EPERM: to run a program,
/// to make a process, to trace one, to mount, to change the user, to make a ring. clone3(2) fails with
/// ENOSYS, so that the C library makes its threads with clone(2), whose flags a filter can see. Needs
/// no_new_privs or root; single-threaded callers only. Fails with ENOSYS where there is no filter for this
/// machine, and in builds with a sanitizer, which makes system calls of its own.
[[nodiscard]] Result<void> forbid_other_calls(const CallNeeds& needs);

}  // namespace uflush
