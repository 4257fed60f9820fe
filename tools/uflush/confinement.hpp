/// What a process gives up when its start is over, as far as the kernel and the profile that it runs under
/// let it.
#pragma once

#include "core/config.hpp"
#include "core/fatal.hpp"
#include "core/log.hpp"
#include "io/call_filter.hpp"

namespace uflush {

struct Confinement {
  bool to_queue_directory = false;  ///< by Landlock: for processes that are in no chroot
  CallNeeds calls;
};

/// Puts the process, which is in the queue directory and has its final user, under Landlock and a filter of
/// system calls, unless `uflush_sandbox = no`. What cannot be had is left out: without a word where the
/// kernel or a profile has or allows none (-v says so), with one warning after any other error and where
/// no_new_privs could not be set. Fatal with `uflush_sandbox = required`. Single-threaded callers only.
[[nodiscard]] OrFatal<void> confine(const Confinement& wishes, Sandbox sandbox, Log& log);

}  // namespace uflush
