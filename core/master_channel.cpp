#include "core/master_channel.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace uflush {
namespace {

/// Fails with EAGAIN when there is no room.
Result<void> send_record(int fd, const MasterStatusBytes& record) {
  ssize_t sent = 0;
  do {
    sent = ::send(fd, record.data(), record.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == ENOTSOCK) sent = ::write(fd, record.data(), record.size());  // a pipe
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return last_error();
  // Twelve bytes go through a pipe or socket in one piece, or master(8) could not tell records apart.
  if (static_cast<std::size_t>(sent) != record.size()) return Error{EIO};
  return outcome::success();
}

}  // namespace

void MasterChannel::report_taken() noexcept {
  enqueue(MasterStatus::taken);
  (void)send_waiting();
}

Result<void> MasterChannel::report_available() noexcept {
  enqueue(MasterStatus::available);
  return send_waiting();
}

void MasterChannel::enqueue(MasterStatus status) noexcept {
  // What master(8) will know already it ignores.
  if (waiting_count_ > 0 && waiting_[waiting_count_ - 1] == status) return;
  // The third says what the first did: the second is taken back.
  if (waiting_count_ == waiting_.size()) {
    waiting_count_ = 1;
  } else {
    waiting_[waiting_count_++] = status;
  }
}

Result<void> MasterChannel::send_waiting() noexcept {
  while (waiting_count_ > 0) {
    const Result<void> sent = send_record(fd_, encode_master_status(pid_, generation_, waiting_[0]));
    if (!sent && sent.error().number == EAGAIN) break;
    if (!sent) {
      waiting_count_ = 0;  // there is nobody to hear them
      return sent.error();
    }
    waiting_[0] = waiting_[1];
    --waiting_count_;
  }
  return outcome::success();
}

}  // namespace uflush
