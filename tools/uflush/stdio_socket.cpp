#include "tools/uflush/stdio_socket.hpp"

#include <array>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace uflush {
namespace {

bool is_socket(int fd) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode);
}

/// Copies until the end of `from`, or until `to` takes no more.
void copy(int from, int to) {
  std::array<char, 4096> bytes{};
  while (true) {
    const ssize_t count = ::read(from, bytes.data(), bytes.size());
    if (count <= 0) return;
    for (ssize_t written = 0; written < count;) {
      const ssize_t part = ::write(to, bytes.data() + written, static_cast<std::size_t>(count - written));
      if (part <= 0) return;
      written += part;
    }
  }
}

}  // namespace

Result<std::unique_ptr<StdioSocket>> StdioSocket::open() {
  std::unique_ptr<StdioSocket> stdio(new StdioSocket);
  if (is_socket(STDIN_FILENO)) {
    stdio->server_end_ = Fd(::dup(STDIN_FILENO));
    if (!stdio->server_end_) return last_error();
    return stdio;
  }
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return last_error();
  stdio->server_end_ = Fd(ends[0]);
  stdio->our_end_ = Fd(ends[1]);
  stdio->to_stdout_ = std::thread([socket = ends[1]] { copy(socket, STDOUT_FILENO); });
  // Reading may never end (a terminal), so nobody waits for this thread: it ends with the process.
  std::thread([socket = ::dup(ends[1])] {
    copy(STDIN_FILENO, socket);
    ::shutdown(socket, SHUT_WR);
  }).detach();
  return stdio;
}

StdioSocket::~StdioSocket() {
  if (to_stdout_.joinable()) to_stdout_.join();
}

}  // namespace uflush
