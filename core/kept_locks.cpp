#include "core/kept_locks.hpp"

#include <chrono>
#include <utility>

#include "io/operation.hpp"

namespace uflush {
namespace {

constexpr std::chrono::milliseconds unused_max{300};
constexpr std::chrono::seconds kept_max{1};
/// A lock that was used so often has paid for the next time.
constexpr std::size_t uses_that_pay = 4;
constexpr std::size_t price_after_bargain = 2;
constexpr std::size_t price_after_loss = 16;
constexpr std::size_t price_where_others_work = 256;
/// A sweep takes no longer than a turn with many adds.
constexpr std::size_t looks_per_sweep_max = 4096;

}  // namespace

KeptLocks::KeptLocks(Loop& loop, std::size_t first_price, Scope& scope)
    : loop_(loop), first_price_(first_price), scope_(scope) {}

void KeptLocks::before_append(KeptLock& lock) {
  if (lock.is_kept()) {
    ++lock.uses_;
    lock.last_use_ = loop_.now();
    if (lock.since_ + kept_max < loop_.now()) release(lock);
    return;
  }
  if (++lock.appends_ > (lock.price_ > 0 ? lock.price_ : first_price_) && !closing_.stop_requested())
    keep(lock);
}

void KeptLocks::keep(KeptLock& lock) {
  lock.file_.keep_lock();
  lock.appends_ = 0;
  lock.uses_ = 0;
  lock.since_ = lock.last_use_ = loop_.now();
  kept_.push_back(lock);
  if (!std::exchange(sweeps_, true)) scope_.spawn(sweep_while_any());
}

void KeptLocks::release(KeptLock& lock) noexcept {
  if (!lock.is_kept()) return;
  lock.unlink();
  lock.file_.release_lock();
  lock.price_ = lock.uses_ >= uses_that_pay ? price_after_bargain : price_after_loss;
}

void KeptLocks::release_to_others(KeptLock& lock) noexcept {
  lock.appends_ = 0;
  if (!lock.is_kept()) return;
  release(lock);
  lock.price_ = price_where_others_work;
}

void KeptLocks::release_all_to_others() noexcept {
  while (!kept_.empty()) release_to_others(kept_.front());
}

Task<void> KeptLocks::sweep_while_any() {
  while (!kept_.empty()) {
    const bool slept = co_await Sleep{loop_, loop_.now() + unused_max, closing_};
    if (!slept) break;
    sweep();
  }
  sweeps_ = false;
}

void KeptLocks::sweep() noexcept {
  const KeptLock* const last = kept_.empty() ? nullptr : &kept_.back();
  bool more = last != nullptr;
  for (std::size_t looks = 0; more && looks < looks_per_sweep_max; ++looks) {
    KeptLock& next = kept_.front();
    more = &next != last;
    if (next.last_use_ + unused_max < loop_.now()) {
      release(next);
    } else {
      kept_.splice(kept_.end(), kept_, kept_.begin());
    }
  }
}

void KeptLocks::close() noexcept {
  closing_.request_stop();
  while (!kept_.empty()) release(kept_.front());
}

}  // namespace uflush
