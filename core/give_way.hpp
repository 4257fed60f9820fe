/// Jobs that compute for long let the loop's thread through.
#pragma once

#include <sched.h>

#include "io/optional_calls.hpp"
#include "io/ring.hpp"

namespace uflush {

/// A job that never waits keeps its processor until its time slice is over, a few milliseconds, even if the
/// loop's thread is to run there and has a client to answer; two jobs keep it in turn. So it looks from file
/// to file whether the loop is waited for, and yields then.
class GiveWay {
 public:
  explicit GiveWay(const Ring& ring) noexcept : ring_(ring) {}

  void after_a_file() noexcept {
    if (++files_ % files_per_look == 0 && ring_.is_waited_for() && may_use(OptionalCall::sched_yield))
      ::sched_yield();
  }

 private:
  /// A tenth of a millisecond.
  static constexpr unsigned files_per_look = 8;

  const Ring& ring_;
  unsigned files_ = 0;
};

}  // namespace uflush
