#include "core/log_leases.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <poll.h>

#include "io/operation.hpp"

namespace uflush {
namespace {

/// Who was refused a lease, or had to give it back, must do so much more before it is tried again.
constexpr std::size_t price_after_refusal = 256;
/// A lease that was used so often has paid for itself, and for the next one.
constexpr std::size_t uses_that_pay = 4;
constexpr std::size_t price_after_bargain = 2;
constexpr std::size_t price_after_loss = 16;
/// Short: who opens a file without waiting (O_NONBLOCK) cannot have it as long as it is lent.
constexpr std::chrono::milliseconds unused_max{300};
/// A sweep takes no longer than a turn with many adds.
constexpr std::size_t looks_per_sweep_max = 4096;
/// No turn of the loop takes that long, unless the process was stopped.
constexpr std::chrono::milliseconds long_turn{100};

}  // namespace

LogLeases::LogLeases(Loop& loop, FileGuard* guard, std::size_t appends_per_lease, Scope& scope)
    : loop_(loop), guard_(guard), appends_per_lease_(appends_per_lease), scope_(scope) {}

void LogLeases::note_append(LogLease& lease) {
  if (guard_ == nullptr || closing_.stop_requested()) return;
  if (++lease.appends_ < (lease.price_ > 0 ? lease.price_ : appends_per_lease_)) return;
  lease.appends_ = 0;
  if (!take(lease)) lease.price_ = price_after_refusal;
}

void LogLeases::note_use(LogLease& lease) noexcept {
  ++lease.uses_;
  lease.last_use_ = loop_.now();
}

Result<void> LogLeases::take(LogLease& lease) {
  TRY(wanted_fd, guard_->wanted_leases_fd());
  TRY_VOID(guard_->take_lease(lease.file_.handle()));
  held_.push_back(lease);
  lease.uses_ = 0;
  lease.last_use_ = loop_.now();
  start_tasks(wanted_fd);
  return outcome::success();
}

void LogLeases::catch_up() {
  if (!held_.empty() && loop_.time_in_turn() > long_turn) give_back_wanted();
}

void LogLeases::give_back(LogLease& lease) noexcept {
  if (!lease.is_held()) return;
  guard_->return_lease(lease.file_.handle());
  lease.unlink();
}

void LogLeases::give_all_back() noexcept {
  while (!held_.empty()) give_back(held_.front());
}

void LogLeases::give_back_wanted() {
  const FileGuard::WantedLeases wanted = guard_->wanted_leases();
  if (wanted.perhaps_all) give_all_back();
  for (const FileHandle file : wanted.files) {
    const auto lease = std::find_if(held_.begin(), held_.end(),
                                    [file](const LogLease& held) { return held.file_.handle() == file; });
    if (lease == held_.end()) continue;
    lease->price_ = price_after_refusal;
    give_back(*lease);
  }
}

void LogLeases::start_tasks(int wanted_fd) {
  if (!std::exchange(tasks_run_, true)) scope_.spawn(give_back_when_wanted(wanted_fd));
  if (!std::exchange(sweep_runs_, true)) scope_.spawn(give_back_unused());
}

Task<void> LogLeases::give_back_when_wanted(int wanted_fd) {
  const op::Poll poll{.fd = wanted_fd, .events = POLLIN};
  for (;;) {
    const auto readable = co_await Operation{loop_, poll, {.stop = closing_}};
    if (!readable) break;
    give_back_wanted();
  }
  // Without news of what is wanted there can be no leases.
  give_all_back();
  guard_ = nullptr;
}

Task<void> LogLeases::give_back_unused() {
  while (!held_.empty()) {
    const bool slept = co_await Sleep{loop_, loop_.now() + unused_max, closing_};
    if (!slept) break;
    sweep();
  }
  sweep_runs_ = false;
}

void LogLeases::sweep() noexcept {
  const LogLease* const last = held_.empty() ? nullptr : &held_.back();
  bool more = last != nullptr;
  for (std::size_t looks = 0; more && looks < looks_per_sweep_max; ++looks) {
    LogLease& next = held_.front();
    more = &next != last;
    if (next.last_use_ + unused_max < loop_.now()) {
      next.price_ = next.uses_ >= uses_that_pay ? price_after_bargain : price_after_loss;
      give_back(next);
    } else {
      held_.splice(held_.end(), held_, held_.begin());
    }
  }
}

void LogLeases::close() noexcept {
  closing_.request_stop();
}

}  // namespace uflush
