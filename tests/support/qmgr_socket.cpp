#include "tests/support/qmgr_socket.hpp"

#include <array>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/support/failure.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::support {
namespace {

OwnedFd open_fifo(const std::string& path) {
  if (::mkfifo(path.c_str(), 0622) != 0 || ::chmod(path.c_str(), 0622) != 0) fail_errno("mkfifo " + path);
  // Open for writing too, so that there is never an end of file between two writers.
  return OwnedFd{::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
}

OwnedFd open_listener(const std::string& path) {
  OwnedFd listener = bind_unix_socket(path, SOCK_STREAM | SOCK_NONBLOCK);
  if (::listen(listener.get(), 100) != 0) fail_errno("listen " + path);
  return listener;
}

}  // namespace

QmgrSocket::QmgrSocket(const std::string& path, Kind kind)
    : kind_(kind),
      source_(kind == Kind::fifo ? open_fifo(path) : open_listener(path)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (!source_.is_open() || !stop_.is_open()) fail_errno("open " + path);
  reader_ = std::thread([this] { collect(); });
}

QmgrSocket::~QmgrSocket() {
  ::eventfd_write(stop_.get(), 1);
  reader_.join();
}

void QmgrSocket::keep(std::string_view received) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  for (const char byte : received) {
    if (byte == '\0') continue;
    triggers_ += byte;
    first_arrivals_.try_emplace(byte, now);
  }
  changed_.notify_all();
}

/// One sender at a time, until its NUL or its close: the order of arrival is the order of connects.
void QmgrSocket::take_from_stream() {
  const OwnedFd peer{::accept4(source_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  if (!peer.is_open()) return;
  const Deadline deadline{5000ms};
  std::string received;
  while (received.find('\0') == std::string::npos && wait_readable(peer.get(), deadline)) {
    std::array<char, 64> piece;
    const ssize_t count = ::recv(peer.get(), piece.data(), piece.size(), 0);
    if (count <= 0) break;
    received.append(piece.data(), static_cast<std::size_t>(count));
  }
  keep(received);
}

void QmgrSocket::collect() {
  for (;;) {
    std::array<pollfd, 2> wanted{{{source_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (::poll(wanted.data(), wanted.size(), -1) < 0) continue;
    if (wanted[1].revents != 0) return;
    if (kind_ == Kind::stream) {
      take_from_stream();
      continue;
    }
    std::array<char, 64> piece;
    const ssize_t count = ::read(source_.get(), piece.data(), piece.size());
    if (count > 0) keep({piece.data(), static_cast<std::size_t>(count)});
  }
}

std::string QmgrSocket::triggers() const {
  const std::lock_guard lock(mutex_);
  return triggers_;
}

std::string QmgrSocket::take_triggers() {
  const std::lock_guard lock(mutex_);
  first_arrivals_.clear();
  return std::exchange(triggers_, {});
}

std::optional<std::chrono::steady_clock::time_point> QmgrSocket::first_arrival(char trigger,
                                                                               milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, timeout, [&] { return first_arrivals_.contains(trigger); }))
    return std::nullopt;
  return first_arrivals_.at(trigger);
}

bool QmgrSocket::wait_for(std::string_view tail, milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] {
    return triggers_.size() >= tail.size() &&
           triggers_.compare(triggers_.size() - tail.size(), tail.size(), tail) == 0;
  });
}

}  // namespace uflush::support
