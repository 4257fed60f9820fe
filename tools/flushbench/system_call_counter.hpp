/// How many system calls some processes make: the kernel's tracepoint raw_syscalls:sys_enter, counted by perf
/// events (perf_event_open(2)). Needs root; it slows every system call of the machine down a little.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

#include "tests/support/owned_fd.hpp"

namespace uflush::bench {

/// Counts from construction on, for every thread that the processes have or start.
class SystemCallCounter {
 public:
  /// Nothing is counted where the kernel does not allow it.
  explicit SystemCallCounter(const std::vector<pid_t>& processes);

  /// Counts the children that the calling thread starts from now on, and their children.
  [[nodiscard]] static SystemCallCounter of_children();

  /// Absent when nothing could be counted.
  [[nodiscard]] std::optional<std::uint64_t> count() const;

 private:
  SystemCallCounter() = default;

  std::vector<support::OwnedFd> events_;
  support::OwnedFd own_;  ///< of_children(): what the calling thread itself does, to be taken off
};

}  // namespace uflush::bench
