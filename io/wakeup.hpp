/// What threads and signal handlers wake the loop with.
#pragma once

#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {

/// An eventfd, or a pipe where there is none. The loop waits until `fd` is readable, then clears it.
class Wakeup {
 public:
  [[nodiscard]] static Result<Wakeup> create();

  /// Readable between `signal` and `clear`.
  [[nodiscard]] int fd() const noexcept { return read_end_.get(); }
  /// Makes `fd` readable. For every thread, and for signal handlers; keeps errno.
  void signal() const noexcept;
  /// True when somebody has signalled since it was last cleared.
  bool clear() const noexcept;

 private:
  Wakeup(Fd read_end, Fd write_end) noexcept
      : read_end_(std::move(read_end)), write_end_(std::move(write_end)) {}

  Fd read_end_;
  Fd write_end_;  ///< a pipe's; an eventfd has but one
};

}  // namespace uflush
