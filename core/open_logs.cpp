#include "core/open_logs.hpp"

#include <algorithm>
#include <utility>

namespace uflush {

bool OpenLogs::note_append(OpenLog& log, Instant now) noexcept {
  log.used_ = true;
  log.used_before_ = std::exchange(log.used_at_, now);
  if (!log.file_.is_open()) {
    note_close(log);
    return false;
  }
  if (log.role_ != OpenLog::Role::closed) return false;
  if (residents_.size() < open_max_) {
    become_resident(log);
  } else {
    guests_.push_back(log);
    log.role_ = OpenLog::Role::guest;
  }
  return true;
}

void OpenLogs::note_close(OpenLog& log) noexcept {
  const OpenLog::Role role = std::exchange(log.role_, OpenLog::Role::closed);
  if (role == OpenLog::Role::resident) residents_.erase(List::s_iterator_to(log));
  if (role == OpenLog::Role::guest) guests_.erase(List::s_iterator_to(log));
}

void OpenLogs::leave_room_for(std::size_t clients) noexcept {
  const std::size_t left = policy_.shared_max > clients ? policy_.shared_max - clients : 0;
  open_max_ = std::clamp(left, policy_.open_min, policy_.open_max);
  close_surplus();
}

void OpenLogs::close_surplus() noexcept {
  while (!guests_.empty()) settle(guests_.front());
  while (residents_.size() > open_max_) {
    OpenLog* const oldest = next_to_go();
    if (oldest == nullptr) break;
    close(*oldest);
  }
}

void OpenLogs::settle(OpenLog& guest) noexcept {
  if (!guest.busy && residents_.size() >= open_max_) {
    OpenLog* const oldest = next_to_go();
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

/// Goes round: who was used since the last look gets another round. Nobody when all are busy.
OpenLog* OpenLogs::next_to_go() noexcept {
  for (std::size_t looks = 2 * residents_.size(); looks > 0; --looks) {
    OpenLog& next = residents_.front();
    if (!next.busy && !std::exchange(next.used_, false)) return &next;
    spare_next_to_go();
  }
  return nullptr;
}

}  // namespace uflush
