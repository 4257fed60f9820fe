#include "tools/flushctl/flush_server.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <optional>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {
namespace {

using Why = NoAnswer::Why;

Result<Fd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{ENAMETOOLONG};
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return last_error();
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    if (errno != EINTR) return last_error();
  return socket;
}

/// One conversation. `trouble` says why it cannot go on.
class Talk {
 public:
  Talk(Fd socket, std::chrono::milliseconds patience) : socket_(std::move(socket)), patience_(patience) {}

  [[nodiscard]] std::optional<NoAnswer> send(std::string_view bytes) const;
  /// Appends what comes next to `received`.
  [[nodiscard]] std::optional<NoAnswer> receive(std::string& received) const;

 private:
  [[nodiscard]] bool wait_readable() const;

  Fd socket_;
  std::chrono::milliseconds patience_;
};

std::optional<NoAnswer> Talk::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return NoAnswer{Why::closed, "sending the request: " + last_error().message()};
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return std::nullopt;
}

bool Talk::wait_readable() const {
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wanted{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const int timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
    const int ready = ::poll(&wanted, 1, timeout_ms);
    if (ready >= 0 || errno != EINTR) return ready != 0;
  }
}

std::optional<NoAnswer> Talk::receive(std::string& received) const {
  std::array<char, 512> piece{};
  while (true) {
    if (!wait_readable()) return NoAnswer{Why::silent, "the server says nothing"};
    const ssize_t count = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return NoAnswer{Why::closed, last_error().message()};
    if (count == 0) return NoAnswer{Why::closed, "the server closed the connection without an answer"};
    received.append(piece.data(), static_cast<std::size_t>(count));
    return std::nullopt;
  }
}

/// Takes the announcement off the front of what comes.
std::optional<NoAnswer> await_announcement(const Talk& talk, std::string& received) {
  while (received.size() < announcement.size()) {
    if (auto trouble = talk.receive(received)) return trouble;
    if (!announcement.starts_with(std::string_view(received).substr(0, announcement.size())))
      return NoAnswer{Why::not_flush, "the server does not announce the flush protocol"};
  }
  received.erase(0, announcement.size());
  return std::nullopt;
}

Answer await_reply(const Talk& talk, std::string& received) {
  while (true) {
    const ReplyStep step = decode_reply(received);
    if (step.kind == ReplyStep::Kind::complete) return step.status;
    if (step.kind == ReplyStep::Kind::malformed)
      return NoAnswer{Why::not_flush, "the answer is not one of the flush protocol"};
    if (auto trouble = talk.receive(received)) return *std::move(trouble);
  }
}

}  // namespace

Answer ask(const FlushServer& server, const FlushRequest& request) {
  auto socket = connect_to(server.socket_path);
  if (!socket) {
    const Error error = socket.error();
    const bool forbidden = error.number == EACCES || error.number == EPERM;
    return NoAnswer{forbidden ? Why::not_permitted : Why::unreachable,
                    server.socket_path + ": " + error.message()};
  }
  const Talk talk(std::move(socket).value(), server.patience);
  std::string received;
  if (server.announces) {
    if (auto trouble = await_announcement(talk, received)) return *std::move(trouble);
  }
  std::string wire;
  append_request(wire, request);
  if (auto trouble = talk.send(wire)) return *std::move(trouble);
  return await_reply(talk, received);
}

}  // namespace uflush
