/// Makes the ring: asks the kernel what it can do (never which version it is), and says in an operator's
/// words what is missing when it cannot do enough.
#pragma once

#include <cstddef>
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
  bool no_iowait = false;      ///< a wait can be said not to be for I/O (IORING_ENTER_NO_IOWAIT)
  bool registered = false;     ///< the calls name the ring by its index (IORING_ENTER_REGISTERED_RING)
  unsigned sq_entries = 0;
  unsigned cq_entries = 0;

  /// One line for the verbose log.
  [[nodiscard]] std::string describe() const;
};

/// A ring that is set up; the receiver owns it (io_uring_queue_exit).
struct RingSetup {
  io_uring ring;
  /// Where no_iowait is not granted: an eventfd that tells of work for the loop's thread, when the ring is
  /// asked to (io_uring_cq_eventfd_toggle); at first it is not. Owned, too; -1 when there is none.
  int work_event = -1;
  RingFeatures features;
};

/// Why there is none, and what the operator can change.
struct RingRefusal {
  std::string reason;
};

/// What a ring is to be like. The kernel may grant less: see RingFeatures.
struct RingWishes {
  unsigned entries = 256;      ///< requests that are handed over together
  std::size_t ops_max = 700;   ///< that are under way at the same time; the completion queue has room for all
  std::size_t first_rung = 0;  ///< of ring_flag_rungs sets of flags from best to plainest; for tests
  bool no_iowait = true;       ///< false: not even where the kernel can; for tests
};
inline constexpr std::size_t ring_flag_rungs = 4;

/// Completions beside those of the ops that have one each: a multishot poll, of which there are few, may
/// complete more than once before it is looked at.
inline constexpr std::size_t ring_spare_completions = 16;

/// Makes a ring, a smaller one when memory is locked down (RLIMIT_MEMLOCK), with the best flags that the
/// kernel takes. Call it while still root: the memory is then not charged to the mail owner (PERFORMANCE.md
/// 8).
[[nodiscard]] std::variant<RingSetup, RingRefusal> set_up_ring(const RingWishes& wishes = {});

}  // namespace uflush
