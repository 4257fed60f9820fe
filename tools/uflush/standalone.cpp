#include "tools/uflush/standalone.hpp"

#include <array>
#include <cstring>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/operation.hpp"
#include "protocol/trigger.hpp"

namespace uflush {
namespace {

struct SpoolDirectory {
  const char* name;
  mode_t permissions;
};

constexpr std::array<SpoolDirectory, 6> spool_directories = {{
    {"active", 0700},
    {"deferred", 0700},
    {"flush", 0700},
    {"incoming", 0700},
    {"pid", 0755},
    {"public", 0755},
}};

constexpr int backlog = 4096;

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{ENAMETOOLONG};
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// Somebody accepts connections there.
bool is_in_use(const sockaddr_un& address) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno == EAGAIN;
}

std::string_view describe(char wish) {
  switch (wish) {
    case static_cast<char>(QueueTrigger::unthrottle):
      return "unthrottle destinations";
    case static_cast<char>(QueueTrigger::scan_incoming):
      return "scan the incoming queue";
    default:
      return "unknown";
  }
}

}  // namespace

OrFatal<void> make_spool(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
    return Fatal{fmt::format("mkdir {}: {}", directory, last_error().message())};
  for (const SpoolDirectory& wanted : spool_directories) {
    const std::string path = directory + "/" + wanted.name;
    if (::mkdir(path.c_str(), wanted.permissions) != 0 && errno != EEXIST)
      return Fatal{fmt::format("mkdir {}: {}", path, last_error().message())};
  }
  return outcome::success();
}

OrFatal<Fd> listen_at(const std::string& path) {
  const auto failed = [&](const char* what, Error error) {
    return Fatal{fmt::format("{} {}: {}", what, path, error.message())};
  };
  const auto address = unix_address(path);
  if (!address) return failed("listen", address.error());
  if (is_in_use(address.value())) return failed("listen", Error{EADDRINUSE});
  ::unlink(path.c_str());

  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed("socket", last_error());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.value()), sizeof(sockaddr_un)) != 0)
    return failed("bind", last_error());
  if (::chmod(path.c_str(), 0666) != 0) return failed("chmod", last_error());
  if (::listen(socket.get(), backlog) != 0) return failed("listen", last_error());
  return socket;
}

Task<void> Standalone::play_queue_manager(StopToken stop) {
  const auto opened = listen_at("public/qmgr");
  if (!opened) {
    log_.info("no stand-in for the queue manager: {}", opened.error().text);
    co_return;
  }
  const int listener = opened.value().get();
  Scope peers;
  Readiness readiness(loop_, listener);
  while (co_await readiness.wait(stop)) {
    while (auto peer = loop_.ring().accept(listener)) peers.spawn(hear_wish(std::move(peer).value(), stop));
  }
  co_await readiness.close();
  co_await peers.join();
}

Task<void> Standalone::hear_wish(Fd peer, StopToken stop) {
  std::array<std::byte, 16> bytes{};
  while (true) {
    const auto received = co_await Operation{loop_, op::Recv{peer.get(), bytes}, {.stop = stop}};
    if (!received || received.value() == 0) co_return;
    for (std::size_t i = 0; i < received.value(); ++i) {
      const char wish = static_cast<char>(bytes[i]);
      if (wish != '\0') log_.info("queue manager trigger {}: {}", wish, describe(wish));
    }
  }
}

}  // namespace uflush
