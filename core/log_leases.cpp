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
constexpr std::chrono::seconds unused_max{1};
/// No turn of the loop takes that long, unless the process was stopped.
constexpr std::chrono::milliseconds long_turn{100};

}  // namespace

LogLeases::LogLeases(Loop& loop, FileSystem& files, FileGuard* guard, std::size_t appends_per_lease,
                     Scope& scope)
    : loop_(loop), files_(files), guard_(guard), appends_per_lease_(appends_per_lease), scope_(scope) {}

void LogLeases::note_append(LogLease& lease) {
  if (guard_ == nullptr || closing_.stop_requested()) return;
  if (++lease.appends_ < std::max(lease.price_, appends_per_lease_)) return;
  lease.appends_ = 0;
  lease.price_ = take(lease) ? 0 : price_after_refusal;
}

/// First watch, then take, then look: what happens to the name afterwards will be in the news.
Result<void> LogLeases::take(LogLease& lease) {
  TRY(wanted_fd, guard_->wanted_leases_fd());
  TRY_VOID(watch_names_of(lease.file_.path()));
  TRY_VOID(guard_->take_lease(lease.file_.handle()));
  if (!lease.file_.has_its_name()) {
    guard_->return_lease(lease.file_.handle());
    return Error{ENOENT};
  }
  held_.push_back(lease);
  note_use(lease);
  start_tasks(wanted_fd);
  return outcome::success();
}

/// All directories on the way from the queue directory, this one included: each may be exchanged.
Result<void> LogLeases::watch_names_of(const std::string& path) {
  const std::string_view directory = std::string_view(path).substr(0, path.rfind('/'));
  if (watched_.contains(directory)) return outcome::success();
  TRY_VOID(guard_->watch_names("."));
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t slash = path.find('/', begin);
    if (slash == std::string::npos) break;
    TRY_VOID(guard_->watch_names(path.substr(0, slash).c_str()));
    on_the_way_.insert(path.substr(begin, slash - begin));
    begin = slash + 1;
  }
  watched_.emplace(directory);
  return outcome::success();
}

void LogLeases::catch_up() {
  if (!held_.empty() && loop_.time_in_turn() > long_turn) give_back_wanted();
}

FileGuard::ChangedNames LogLeases::changed_names() {
  FileGuard::ChangedNames changed = guard_->changed_names();
  for (const std::string& name : changed.names)
    if (on_the_way_.contains(name)) changed.perhaps_all = true;
  if (changed.perhaps_all) {
    give_all_back();
    watched_.clear();  // other directories may bear these names now
  }
  return changed;
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
    for (auto lease = held_.begin(); lease != held_.end();) {
      LogLease& next = *lease++;
      if (next.last_use_ + unused_max < loop_.now()) give_back(next);
    }
  }
  sweep_runs_ = false;
}

void LogLeases::close() noexcept {
  closing_.request_stop();
}

}  // namespace uflush
