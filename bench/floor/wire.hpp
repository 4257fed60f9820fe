/// What all bare loops share: the bytes of the flush protocol (docs/protocol.md), and life under master(8).
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace uflush::floor {

inline constexpr std::string_view announcement{"protocol\0queue_flush_protocol\0\0", 31};
inline constexpr std::string_view reply_ok{"status\0000\0\0", 10};
/// Where master(8) puts the listening socket.
inline constexpr int listener = 6;

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

struct Options {
  bool sync = false;  ///< -o uflush_durability=sync
};

/// Goes where `-c` says, and becomes the owner of the logfiles, as every daemon of Postfix does.
inline Options begin(int argc, char** argv) {
  Options options;
  bool chroot = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "-c") chroot = true;
    if (std::string_view(argv[i]) == "uflush_durability=sync") options.sync = true;
  }
  struct stat flush {};
  if (::stat("flush", &flush) != 0) die("flush");
  if (chroot && ::chroot(".") != 0) die("chroot");
  if (::setgid(flush.st_gid) != 0 || ::setuid(flush.st_uid) != 0) die("setuid");
  return options;
}

struct Request {
  std::string_view word, site, queue_id;
};

/// Takes one whole request off the front of `input`; absent, and `input` as it was, when there is none yet.
inline std::optional<Request> take_request(std::string_view& input) {
  Request request;
  std::string_view rest = input;
  const auto take = [&rest]() -> std::optional<std::string_view> {
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return text;
  };
  for (;;) {
    const auto name = take();
    if (!name) return std::nullopt;
    if (name->empty()) break;
    const auto value = take();
    if (!value) return std::nullopt;
    if (*name == "request") request.word = *value;
    if (*name == "site") request.site = *value;
    if (*name == "queue_id") request.queue_id = *value;
  }
  input = rest;
  return request;
}

/// Serves one client after the other, each with one request: `handle(request, client)`.
template <typename Handle>
[[noreturn]] void serve_in_turn(const Handle& handle) {
  for (;;) {
    pollfd wanted{listener, POLLIN, 0};
    ::poll(&wanted, 1, -1);
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    char bytes[512];
    ::send(client, announcement.data(), announcement.size(), MSG_NOSIGNAL);
    const ssize_t count = ::recv(client, bytes, sizeof bytes, 0);
    if (count > 0) {
      std::string_view input(bytes, static_cast<std::size_t>(count));
      if (const auto request = take_request(input)) handle(*request, client);
    }
    ::close(client);
  }
}

inline void reply(int client) {
  ::send(client, reply_ok.data(), reply_ok.size(), MSG_NOSIGNAL);
}

}  // namespace uflush::floor
