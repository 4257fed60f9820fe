#include "tests/support/log_socket.hpp"

#include <array>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "tests/support/failure.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::support {

std::string record_text(std::string_view record) {
  constexpr std::string_view head_end = "]: ";
  const std::size_t at = record.find(head_end);
  return std::string(at == std::string_view::npos ? record : record.substr(at + head_end.size()));
}

LogSocket::LogSocket(const std::string& path)
    : socket_(bind_unix_socket(path, SOCK_DGRAM)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (!stop_.is_open()) fail_errno("eventfd");
  reader_ = std::thread([this] { collect(); });
}

LogSocket::~LogSocket() {
  ::eventfd_write(stop_.get(), 1);
  reader_.join();
}

void LogSocket::collect() {
  std::array<char, 65536> record;
  for (;;) {
    std::array<pollfd, 2> wanted{{{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (::poll(wanted.data(), wanted.size(), -1) < 0) continue;
    if (wanted[1].revents != 0) return;
    const ssize_t count = ::recv(socket_.get(), record.data(), record.size(), MSG_DONTWAIT);
    if (count < 0) continue;
    const std::lock_guard lock(mutex_);
    records_.emplace_back(record.data(), static_cast<std::size_t>(count));
    changed_.notify_all();
  }
}

std::vector<std::string> LogSocket::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::vector<std::string> LogSocket::texts() const {
  std::vector<std::string> texts;
  for (const std::string& record : records()) texts.push_back(record_text(record));
  return texts;
}

std::vector<std::string> LogSocket::take_texts() {
  std::vector<std::string> texts;
  const std::lock_guard lock(mutex_);
  for (const std::string& record : std::exchange(records_, {})) texts.push_back(record_text(record));
  return texts;
}

std::vector<std::string> LogSocket::take_texts_before(std::string_view marker, milliseconds timeout) {
  if (!wait_for(marker, timeout)) fail("no log record with " + std::string(marker));
  std::vector<std::string> texts;
  const std::lock_guard lock(mutex_);
  std::size_t taken = 0;
  while (records_[taken].find(marker) == std::string::npos) texts.push_back(record_text(records_[taken++]));
  records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(taken) + 1);
  return texts;
}

bool LogSocket::wait_for(std::string_view part, milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] {
    for (const std::string& record : records_)
      if (record.find(part) != std::string::npos) return true;
    return false;
  });
}

}  // namespace uflush::support
