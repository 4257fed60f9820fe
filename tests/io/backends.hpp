/// The rings that the same test runs on: the kernel's as it is and as older kernels have it, the portable
/// one, the simulated one, and the simulated one with everything shuffled.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/epoll_ring.hpp"
#include "io/loop.hpp"
#include "io/operation.hpp"
#include "io/uring_ring.hpp"
#include "tests/sim/sim_ring.hpp"

namespace uflush {

class UringBackend {
 public:
  explicit UringBackend(const RingWishes& wishes = {})
      : ring_(std::get<std::unique_ptr<UringRing>>(UringRing::create(wishes))) {}

  [[nodiscard]] Ring& ring() { return *ring_; }
  [[nodiscard]] UringRing& uring() { return *ring_; }
  [[nodiscard]] Clock& clock() { return clock_; }

  /// Why it cannot be used here; empty: it can.
  [[nodiscard]] static std::string refusal() {
    const auto made = UringRing::create();
    const auto* refused = std::get_if<RingRefusal>(&made);
    return refused == nullptr ? std::string() : refused->reason;
  }

 private:
  SystemClock clock_;
  std::unique_ptr<UringRing> ring_;
};

/// As an older kernel would grant it: with the flags of one rung of the ladder, which sleeps in
/// io_uring_enter or in ppoll.
template <std::size_t rung, bool no_iowait>
class OlderUringBackend : public UringBackend {
 public:
  OlderUringBackend() : UringBackend({.first_rung = rung, .no_iowait = no_iowait}) {}
};

/// With hardly any room for completions.
class TinyUringBackend : public UringBackend {
 public:
  TinyUringBackend() : UringBackend({.entries = 2, .ops_max = 2}) {}
};

class EpollBackend {
 public:
  [[nodiscard]] EpollRing& ring() { return *ring_; }
  [[nodiscard]] Clock& clock() { return clock_; }
  [[nodiscard]] static std::string refusal() { return {}; }

 private:
  SystemClock clock_;
  std::unique_ptr<EpollRing> ring_ = std::move(EpollRing::create().value());
};

class SimBackend {
 public:
  [[nodiscard]] SimRing& ring() { return ring_; }
  [[nodiscard]] Clock& clock() { return clock_; }
  [[nodiscard]] static std::string refusal() { return {}; }

 protected:
  Dice dice_{Seed{11}};
  SimClock clock_;
  SimRing ring_{dice_, clock_};
};

class ShuffledBackend : public SimBackend {
 public:
  ShuffledBackend() {
    ring_.faults = {
        .reorder = true, .delay = 0.3, .split_send = 0.3, .short_send = 0.3, .end_of_multishot = 0.3};
  }
};

/// Two connected sockets.
struct SocketPair {
  SocketPair() {
    std::array<int, 2> fds{};
    FLUSH_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) == 0);
    ours = Fd{fds[0]};
    peer = Fd{fds[1]};
  }
  Fd ours;
  Fd peer;

  /// Speaks as the peer.
  void tell(std::string_view text) const {
    FLUSH_ASSERT(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
                 static_cast<ssize_t>(text.size()));
  }
};

/// A socket whose peer does not read, with nothing left to send into.
struct FullSocket : SocketPair {
  FullSocket() {
    const std::string piece(4096, 'x');
    while (::send(ours.get(), piece.data(), piece.size(), MSG_DONTWAIT) > 0) {
    }
  }
  /// All that there is to read, without the filling.
  std::string drain() const {
    std::string text;
    std::array<char, 4096> piece;
    for (ssize_t count = 1; count > 0;) {
      count = ::recv(peer.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      text.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    text.erase(0, text.find_first_not_of('x'));
    return text;
  }
  /// Nobody holds the other end any more, though there is something to read.
  [[nodiscard]] bool is_hung_up() const {
    pollfd entry{.fd = peer.get(), .events = 0, .revents = 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
  }
};

/// A listening socket with room for one client, non-blocking.
class Listener {
 public:
  Listener() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    path_.copy(address_.sun_path, sizeof address_.sun_path - 1);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address_);
    FLUSH_ASSERT(::bind(socket_.get(), generic, sizeof address_) == 0 && ::listen(socket_.get(), 0) == 0);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { ::unlink(path_.c_str()); }

  [[nodiscard]] int get() const noexcept { return socket_.get(); }
  [[nodiscard]] const sockaddr_un* address() const noexcept { return &address_; }

 private:
  std::string path_ = testing::TempDir() + "listener." + std::to_string(::getpid());
  sockaddr_un address_{.sun_family = AF_UNIX, .sun_path = {}};
  Fd socket_;
};

/// A loop on a backend. Skips the test where there is none.
template <typename Backend>
class BackendTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = Backend::refusal(); !why.empty()) GTEST_SKIP() << why;
    backend_.emplace();
    loop_.emplace(backend_->ring(), backend_->clock());
  }

  std::optional<Backend> backend_;
  std::optional<Loop> loop_;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::string as_text(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += static_cast<char>(byte);
  return text;
}

}  // namespace uflush
