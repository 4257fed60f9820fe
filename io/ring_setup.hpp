/// Makes the ring: asks the kernel what it can do (never which version it is), and says in an operator's
/// words what is missing when it cannot do enough.
#pragma once

#include <string>
#include <variant>

#include <liburing.h>

namespace uflush {

/// What the kernel granted.
struct RingFeatures {
  bool defer_taskrun = false;  ///< completions are gathered only when the loop asks for them
  bool coop_taskrun = false;   ///< no interrupts for completions
  bool skip_success = false;   ///< posted requests leave no completion behind when they succeed
  bool restricted = false;     ///< other opcodes are refused
  unsigned sq_entries = 0;
  unsigned cq_entries = 0;

  /// One line for the verbose log.
  [[nodiscard]] std::string describe() const;
};

/// A ring that is set up; the receiver owns it (io_uring_queue_exit).
struct RingSetup {
  io_uring ring;
  RingFeatures features;
};

/// Why there is none, and what the operator can change.
struct RingRefusal {
  std::string reason;
};

/// Makes a ring of 256 entries, fewer when memory is locked down (RLIMIT_MEMLOCK), with the best flags that
/// the kernel takes. Call it while still root: the memory is then not charged to the mail owner
/// (PERFORMANCE.md 8).
[[nodiscard]] std::variant<RingSetup, RingRefusal> set_up_ring();

}  // namespace uflush
