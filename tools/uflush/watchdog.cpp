#include "tools/uflush/watchdog.hpp"

#include <algorithm>

#include <unistd.h>

namespace uflush {
namespace {

/// How often the alarm is put off, in fractions of the timeout, as in the reference.
constexpr int parts = 3;
/// alarm(2) counts in unsigned int.
constexpr std::chrono::seconds longest{0x7fffffff};

}  // namespace

Watchdog::Watchdog(Loop& loop, std::chrono::seconds timeout)
    : loop_(loop), timeout_(std::min(timeout, longest)) {
  on_timer();
}

Watchdog::~Watchdog() {
  ::alarm(0);
}

void Watchdog::last_call(std::chrono::seconds limit) {
  loop_.timers().cancel(*this);
  ::alarm(static_cast<unsigned>(limit.count()));
}

void Watchdog::on_timer() noexcept {
  ::alarm(static_cast<unsigned>(timeout_.count()));
  loop_.timers().set(*this, loop_.now() + std::chrono::duration_cast<Duration>(timeout_) / parts);
}

}  // namespace uflush
