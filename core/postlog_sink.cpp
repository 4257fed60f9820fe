#include "core/postlog_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log_time.hpp"

namespace uflush {
namespace {

std::string short_host_name(std::string_view host) {
  const std::string_view label = host.substr(0, host.find('.'));
  return std::string(label.empty() ? "amnesiac" : label);
}

}  // namespace

PostlogSink::PostlogSink(std::string path, std::string_view host, std::string tag)
    : path_(std::move(path)), host_(short_host_name(host)), tag_(std::move(tag)) {
  (void)connect();
}

bool PostlogSink::connect() {
  if (fd_) return true;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return false;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd_) return false;
  // Only the datagram socket API asks for this cast.
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  fd_.reset();
  return false;
}

PostlogSink::Sent PostlogSink::send(std::string_view record) {
  // A restarted postlogd has a new socket behind the old name: a refused record is worth a second try.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!connect()) return Sent::failed;
    if (::send(fd_.get(), record.data(), record.size(), MSG_NOSIGNAL) >= 0) return Sent::yes;
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) return Sent::socket_full;
    fd_.reset();
  }
  return Sent::failed;
}

std::string PostlogSink::format(Severity severity, std::string_view text, std::time_t when) const {
  return fmt::format("{} {} {}[{}]: {}{}", log_time(when, LogDay::padded_with_zero), host_, tag_, ::getpid(),
                     severity_prefix(severity), text);
}

std::string PostlogSink::take_loss_report() {
  const std::uint64_t lost = std::exchange(lost_, 0);
  return format(Severity::warning, fmt::format("{} log records lost: postlogd did not take them", lost),
                std::time(nullptr));
}

void PostlogSink::enqueue(std::string record) {
  // The report of a loss takes a place of its own, before the first record that comes through again.
  if (lost_ > 0 && waiting_.size() + 2 <= waiting_max) {
    waiting_.push_back(take_loss_report());
  }
  if (lost_ > 0 || waiting_.size() == waiting_max)
    ++lost_;
  else
    waiting_.push_back(std::move(record));
}

void PostlogSink::write(Severity severity, std::string_view text) {
  std::string record = format(severity, text, std::time(nullptr));
  if (flush() && send(record) == Sent::yes) return;
  enqueue(std::move(record));
}

std::vector<PreparedRecord> PostlogSink::prepare(Severity severity, std::string_view text,
                                                 std::time_t when) const {
  if (!fd_) return {};
  return {{fd_.get(), format(severity, text, when)}};
}

bool PostlogSink::flush() {
  while (!waiting_.empty()) {
    if (send(waiting_.front()) != Sent::yes) return false;
    waiting_.pop_front();
  }
  if (lost_ == 0) return true;
  std::string report = take_loss_report();
  if (send(report) == Sent::yes) return true;
  waiting_.push_back(std::move(report));
  return false;
}

bool PostlogSink::flush_within(std::chrono::milliseconds limit) {
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
