#include "core/kept_locks.hpp"

#include <cstddef>
#include <utility>

#include "io/operation.hpp"

namespace uflush {
namespace {

/// A slice of a sweep takes no longer than a turn with many adds.
constexpr std::size_t looks_per_slice = 512;
constexpr std::chrono::milliseconds between_slices{5};

}  // namespace

KeptLocks::KeptLocks(Loop& loop, Scope& scope) : loop_(loop), scope_(scope) {}

void KeptLocks::before_append(KeptLock& lock) {
  const Instant now = loop_.now();
  const bool is_busy = std::exchange(lock.last_append_, now) + unused_max >= now;
  const bool may_be_kept = lock.file_.is_open() && lock.for_others_until_ <= now;
  if (is_busy && may_be_kept && !lock.is_kept() && !closing_.stop_requested()) keep(lock);
}

void KeptLocks::before_look(KeptLock& lock) noexcept {
  release_to_others(lock);
  lock.last_append_ = loop_.now();
}

void KeptLocks::keep(KeptLock& lock) {
  lock.file_.keep_lock();
  lock.looked_at_in_ = round_;
  kept_.push_back(lock);
  if (!std::exchange(sweeps_, true)) scope_.spawn(sweep_while_any());
}

void KeptLocks::release(KeptLock& lock) noexcept {
  if (!lock.is_kept()) return;
  lock.unlink();
  lock.file_.release_lock();
}

void KeptLocks::release_to_others(KeptLock& lock) noexcept {
  release(lock);
  lock.for_others_until_ = loop_.time() + for_others;
}

void KeptLocks::release_all_to_others() noexcept {
  while (!kept_.empty()) release_to_others(kept_.front());
}

Task<void> KeptLocks::sweep_while_any() {
  bool goes_on = true;
  while (goes_on && !kept_.empty()) {
    // A round takes slices, so that other work comes in between.
    const Duration pause = sweep() ? Duration(between_slices) : Duration(unused_max);
    goes_on = co_await Sleep{loop_, loop_.now() + pause, closing_};
  }
  sweeps_ = false;
}

/// True when some have not been looked at in this round.
bool KeptLocks::sweep() noexcept {
  for (std::size_t looks = 0; !kept_.empty(); ++looks) {
    KeptLock& next = kept_.front();
    if (next.looked_at_in_ == round_) break;
    if (looks == looks_per_slice) return true;
    next.looked_at_in_ = round_;
    kept_.splice(kept_.end(), kept_, kept_.begin());
    if (next.last_append_ + unused_max < loop_.now()) release(next);
  }
  ++round_;
  return false;
}

void KeptLocks::close() noexcept {
  closing_.request_stop();
  while (!kept_.empty()) release(kept_.front());
}

}  // namespace uflush
