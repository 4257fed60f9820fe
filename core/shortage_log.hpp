/// Says what the system would not give us (io/shortage.hpp): one record for each kind of thing in a while,
/// however many requests fail.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/log.hpp"
#include "io/clock.hpp"
#include "io/shortage.hpp"

namespace uflush {

class ShortageLog {
 public:
  /// A kind that was logged is not logged again for so long; then the record says how many there were
  /// meanwhile.
  static constexpr std::chrono::minutes pause{1};

  /// Borrows both.
  ShortageLog(Log& log, Clock& clock) noexcept : log_(log), clock_(clock) {}

  void report(Shortage what, Error why);

 private:
  struct Kind {
    std::optional<Instant> logged;
    std::uint64_t untold = 0;  ///< reports since then
  };

  Log& log_;
  Clock& clock_;
  std::array<Kind, shortage_kinds> kinds_{};
};

}  // namespace uflush
