#include "core/master_channel.hpp"

#include <unistd.h>

#include "protocol/master_status.hpp"

namespace uflush {
namespace {

Result<void> write_record(int fd, const MasterStatusBytes& record) {
  ssize_t written = 0;
  do written = ::write(fd, record.data(), record.size());
  while (written < 0 && errno == EINTR);
  if (written < 0) return last_error();
  // Twelve bytes go through a pipe or socket in one piece, or master(8) could not tell records apart.
  if (static_cast<std::size_t>(written) != record.size()) return Error{EIO};
  return outcome::success();
}

}  // namespace

void MasterChannel::report_taken() const noexcept {
  (void)write_record(fd_, encode_master_status(pid_, generation_, MasterStatus::taken));
}

Result<void> MasterChannel::report_available() const noexcept {
  return write_record(fd_, encode_master_status(pid_, generation_, MasterStatus::available));
}

}  // namespace uflush
