#include "core/open_logs.hpp"

#include <algorithm>
#include <utility>

namespace uflush {
namespace {

/// Finding somebody to go takes no longer than opening a few files, even when all were used a moment ago.
constexpr std::size_t looks_per_guest_max = 256;

}  // namespace

OpenLogs::OpenLogs(const OpenLogsPolicy& policy, KeptLocks& locks) noexcept
    : policy_(policy), open_max_(room_beside(0)), locks_(locks) {}

std::size_t OpenLogs::room_beside(std::size_t clients) const noexcept {
  const std::size_t left = policy_.shared_max > clients ? policy_.shared_max - clients : 0;
  return std::min(std::max(left, policy_.open_min), policy_.open_max);
}

void OpenLogs::note_use(OpenLog& log, Instant now) noexcept {
  log.used_ = true;
  log.used_before_ = std::exchange(log.used_at_, now);
}

void OpenLogs::note_file(OpenLog& log) noexcept {
  if (!log.file_.is_open()) return note_close(log);
  if (log.role_ != OpenLog::Role::closed) return;
  if (residents_.size() < open_max_) return become_resident(log);
  log.role_ = OpenLog::Role::guest;
  if (!log.busy_) guests_.push_back(log);
}

void OpenLogs::note_close(OpenLog& log) noexcept {
  const OpenLog::Role role = std::exchange(log.role_, OpenLog::Role::closed);
  if (!log.is_linked()) return;
  List& list = role == OpenLog::Role::guest ? guests_ : residents_;
  list.erase(List::s_iterator_to(log));
}

void OpenLogs::note_busy(OpenLog& log) noexcept {
  log.busy_ = true;
  if (log.role_ == OpenLog::Role::guest) guests_.erase(List::s_iterator_to(log));
}

void OpenLogs::note_idle(OpenLog& log) noexcept {
  log.busy_ = false;
  if (log.role_ == OpenLog::Role::guest) guests_.push_back(log);
}

void OpenLogs::leave_room_for(std::size_t clients) noexcept {
  open_max_ = room_beside(clients);
  close_surplus();
}

bool OpenLogs::close_idle(std::size_t count) noexcept {
  std::size_t closed = 0;
  for (; closed < count; ++closed) {
    OpenLog* const oldest = next_to_go(2 * residents_.size());
    if (oldest == nullptr) break;
    close(*oldest);
  }
  return closed > 0;
}

void OpenLogs::close_surplus() noexcept {
  while (!guests_.empty()) settle(guests_.front());
  while (residents_.size() > open_max_) {
    OpenLog* const oldest = next_to_go(2 * residents_.size());
    if (oldest == nullptr) break;
    close(*oldest);
  }
}

void OpenLogs::settle(OpenLog& guest) noexcept {
  if (residents_.size() >= open_max_) {
    OpenLog* const oldest = next_to_go(looks_per_guest_max);
    if (oldest == nullptr || guest.used_before_ <= oldest->used_at_) {
      if (oldest != nullptr) spare_next_to_go();
      return close(guest);
    }
    close(*oldest);
  }
  note_close(guest);
  become_resident(guest);
}

void OpenLogs::become_resident(OpenLog& log) noexcept {
  residents_.push_back(log);
  log.role_ = OpenLog::Role::resident;
}

void OpenLogs::close(OpenLog& log) noexcept {
  locks_.release(log.lock_);
  log.file_.close();
  note_close(log);
}

/// Goes round: who was used since the last look gets another round. Nobody when too many were, or are busy.
OpenLog* OpenLogs::next_to_go(std::size_t looks_max) noexcept {
  for (std::size_t looks = residents_.empty() ? 0 : looks_max; looks > 0; --looks) {
    OpenLog& next = residents_.front();
    if (!next.busy_ && !std::exchange(next.used_, false)) return &next;
    spare_next_to_go();
  }
  return nullptr;
}

}  // namespace uflush
