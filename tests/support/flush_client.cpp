#include "tests/support/flush_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <thread>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/support/failure.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::support {
namespace {

void attribute(std::string& request, std::string_view name, std::string_view value) {
  request.append(name).push_back('\0');
  request.append(value).push_back('\0');
}

std::string request_of(std::string_view word) {
  std::string request;
  attribute(request, "request", word);
  return request;
}

}  // namespace

std::string add_request(std::string_view site, std::string_view queue_id) {
  std::string request = request_of("add");
  attribute(request, "site", site);
  attribute(request, "queue_id", queue_id);
  return request + '\0';
}

std::string send_site_request(std::string_view site) {
  std::string request = request_of("send_site");
  attribute(request, "site", site);
  return request + '\0';
}

std::string send_file_request(std::string_view queue_id) {
  std::string request = request_of("send_file");
  attribute(request, "queue_id", queue_id);
  return request + '\0';
}

std::string refresh_request() {
  return request_of("rfrsh") + '\0';
}

std::string purge_request() {
  return request_of("purge") + '\0';
}

std::string reply_bytes(long long status) {
  std::string reply;
  attribute(reply, "status", std::to_string(status));
  return reply + '\0';
}

namespace {

/// True when `received` begins with a whole reply; more may follow.
bool holds_a_reply(std::string_view received) {
  constexpr std::size_t name_bytes = 7;
  constexpr std::string_view end_of_value_and_list("\0\0", 2);
  return received.find(end_of_value_and_list, name_bytes) != std::string_view::npos;
}

}  // namespace

const char* to_text(Ending ending) {
  switch (ending) {
    case Ending::eof:
      return "eof";
    case Ending::reset:
      return "reset";
    case Ending::timeout:
      return "timeout";
  }
  return "?";
}

std::optional<long long> Reply::status() const {
  constexpr std::string_view head{"status\0", 7};
  constexpr std::string_view tail{"\0\0", 2};
  const std::string_view all = bytes;
  if (all.size() < head.size() + tail.size() || all.substr(0, head.size()) != head) return std::nullopt;
  const std::string_view digits = all.substr(head.size(), all.size() - head.size() - tail.size());
  if (all.substr(all.size() - tail.size()) != tail) return std::nullopt;
  long long value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

FlushClient::FlushClient(const std::string& socket_path)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (!fd_.is_open()) fail_errno("socket");
  const sockaddr_un address = unix_address(socket_path);
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail_errno("connect " + socket_path);
}

std::optional<Ending> FlushClient::receive_some(std::string& into, const Deadline& deadline,
                                                std::size_t count_max) {
  if (!wait_readable(fd_.get(), deadline)) return Ending::timeout;
  std::array<char, 4096> piece;
  const ssize_t count = ::recv(fd_.get(), piece.data(), std::min(piece.size(), count_max), 0);
  if (count < 0 && errno != ECONNRESET) fail_errno("recv");
  if (count < 0) return Ending::reset;
  if (count == 0) return Ending::eof;
  into.append(piece.data(), static_cast<std::size_t>(count));
  return std::nullopt;
}

std::string FlushClient::read_bytes(std::size_t count, milliseconds timeout) {
  const Deadline deadline{timeout};
  std::string all;
  while (all.size() < count && !receive_some(all, deadline, count - all.size())) {
  }
  return all;
}

std::string FlushClient::read_announcement(milliseconds timeout) {
  return read_bytes(announcement_bytes.size(), timeout);
}

bool FlushClient::send(std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
    if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) return false;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_errno("send");
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void FlushClient::half_close() {
  ::shutdown(fd_.get(), SHUT_WR);
}

void FlushClient::wait_until_taken() const {
  const Deadline deadline{patience};
  for (int unread = 1; unread != 0;) {
    if (::ioctl(fd_.get(), SIOCOUTQ, &unread) != 0) fail_errno("SIOCOUTQ");
    if (deadline.passed()) fail("the server does not read");
    std::this_thread::yield();
  }
}

Reply FlushClient::read_to_end(milliseconds timeout) {
  const Deadline deadline{timeout};
  Reply reply;
  for (;;) {
    if (const auto ending = receive_some(reply.bytes, deadline)) {
      reply.ending = *ending;
      return reply;
    }
  }
}

Reply FlushClient::read_reply_and_finish(milliseconds timeout) {
  const Deadline deadline{timeout};
  Reply reply;
  while (!holds_a_reply(reply.bytes)) {
    if (const auto ending = receive_some(reply.bytes, deadline)) {
      reply.ending = *ending;
      return reply;
    }
  }
  half_close();
  const Reply rest = read_to_end(milliseconds{deadline.left_ms()});
  return {reply.bytes + rest.bytes, rest.ending};
}

Reply FlushClient::ask(std::string_view request, milliseconds timeout) {
  const std::string greeting = read_announcement(timeout);
  if (greeting != announcement_bytes) return {greeting, Ending::eof};
  send(request);
  return read_reply_and_finish(timeout);
}

}  // namespace uflush::support
