#include "core/datagram_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace uflush {

DatagramSink::DatagramSink(std::string path, std::string_view logger, Streams streams)
    : path_(std::move(path)), logger_(logger), streams_(streams) {
  (void)connect();
}

std::string DatagramSink::tagged(std::string_view tag, Severity severity, std::string_view text) {
  return fmt::format("{}[{}]: {}{}", tag, ::getpid(), severity_prefix(severity), text);
}

bool DatagramSink::connect() {
  if (fd_) return true;
  Result<void> connected = connect_as(SOCK_DGRAM);
  if (!connected && connected.error().number == EPROTOTYPE && streams_ == Streams::taken)
    connected = connect_as(SOCK_STREAM);
  return connected.has_value();
}

Result<void> DatagramSink::connect_as(int type) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return Error{ENAMETOOLONG};
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return last_error();
  // Only the socket API asks for this cast.
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return last_error();
  fd_ = std::move(socket);
  type_ = type;
  begun_ = 0;
  return outcome::success();
}

/// True when the first record is out. In a stream each ends with a NUL, as in syslog(3).
bool DatagramSink::send_first() {
  const std::string& record = waiting_.front();
  bool again = false;
  while (connect()) {
    const std::size_t size = record.size() + (type_ == SOCK_STREAM ? 1 : 0);
    const ssize_t count = ::send(fd_.get(), record.c_str() + begun_, size - begun_, MSG_NOSIGNAL);
    if (count >= 0) {
      begun_ += static_cast<std::size_t>(count);
      if (begun_ < size) continue;
      begun_ = 0;
      return true;
    }
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) return false;
    fd_.reset();
    // A restarted logger has a new socket behind the old name: a refused record is worth a second try.
    if (std::exchange(again, true)) return false;
  }
  return false;
}

std::string DatagramSink::take_loss_report() {
  const std::uint64_t lost = std::exchange(lost_, 0);
  return format(Severity::warning, fmt::format("{} log records lost: {} did not take them", lost, logger_),
                std::time(nullptr));
}

void DatagramSink::enqueue(std::string record) {
  // The report of a loss takes a place of its own, before the first record that comes through again.
  if (lost_ > 0 && waiting_.size() + 2 <= waiting_max) {
    waiting_.push_back(take_loss_report());
  }
  if (lost_ > 0 || waiting_.size() == waiting_max)
    ++lost_;
  else
    waiting_.push_back(std::move(record));
}

void DatagramSink::write(Severity severity, std::string_view text) {
  const bool first = flush();
  enqueue(format(severity, text, std::time(nullptr)));
  if (first) flush();
}

std::vector<PreparedRecord> DatagramSink::prepare(Severity severity, std::string_view text,
                                                  std::time_t when) const {
  if (!fd_) return {};
  std::string record = format(severity, text, when);
  if (type_ == SOCK_STREAM) record.push_back('\0');
  return {{fd_.get(), std::move(record)}};
}

bool DatagramSink::flush() {
  while (!waiting_.empty()) {
    if (!send_first()) return false;
    waiting_.pop_front();
    if (waiting_.empty() && lost_ > 0) waiting_.push_back(take_loss_report());
  }
  return true;
}

bool DatagramSink::flush_within(std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + limit;
  while (!flush()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0 || !fd_) return false;
    pollfd writable{fd_.get(), POLLOUT, 0};
    ::poll(&writable, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1000)));
  }
  return true;
}

}  // namespace uflush
