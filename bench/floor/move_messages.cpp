#include "bench/floor/move_messages.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/un.h>

#include "bench/floor/wire.hpp"

namespace uflush::floor {
namespace {

using Clock = std::chrono::steady_clock;

void trigger(char wish) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{AF_UNIX, "public/qmgr"};
  const std::array<char, 2> bytes{wish, '\0'};
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  ::close(socket);
}

int open_directory(const char* path) {
  return ::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/// Moves queue IDs, each ended by a NUL.
class Mover {
 public:
  Mover() : incoming_(open_directory("incoming")) {
    deferred_.fill(-1);
    now_[0].tv_nsec = now_[1].tv_nsec = UTIME_NOW;
  }
  Mover(const Mover&) = delete;
  Mover& operator=(const Mover&) = delete;
  ~Mover() {
    for (const int directory : deferred_)
      if (directory >= 0) ::close(directory);
    ::close(incoming_);
  }

  void move(const char* id) {
    int& directory = deferred_[static_cast<unsigned char>(*id)];
    if (directory < 0) {
      const std::array<char, 11> path{'d', 'e', 'f', 'e', 'r', 'r', 'e', 'd', '/', *id, '\0'};
      directory = open_directory(path.data());
    }
    if (::utimensat(directory, id, now_.data(), 0) == 0) ::renameat(directory, id, incoming_, id);
  }

 private:
  int incoming_;
  std::array<int, 256> deferred_;
  std::array<timespec, 2> now_{};
};

void move_all(std::vector<char>& lines) {
  std::replace(lines.begin(), lines.end(), '\n', '\0');
  std::array<std::vector<const char*>, 256> by_directory;
  for (const char *id = lines.data(), *end = id + lines.size(); id < end; id += std::strlen(id) + 1)
    by_directory[static_cast<unsigned char>(*id)].push_back(id);
  constexpr std::size_t first_slice = 128, slice = 512;
  Mover mover;
  std::size_t moved = 0;
  auto next_trigger = Clock::now();
  for (const auto& ids : by_directory) {
    for (const char* id : ids) {
      mover.move(id);
      ++moved;
      if (moved != first_slice && moved % slice != 0) continue;
      if (Clock::now() < next_trigger) continue;
      trigger('I');
      next_trigger = Clock::now() + std::chrono::milliseconds(500);
    }
  }
}

/// Takes the first bytes of the locked file away.
void drop(int file, std::size_t bytes) {
  struct stat status {};
  ::fstat(file, &status);
  std::vector<char> rest(static_cast<std::size_t>(status.st_size) - bytes);
  if (!rest.empty()) {
    if (::pread(file, rest.data(), rest.size(), static_cast<off_t>(bytes)) < 0) die("pread");
    if (::pwrite(file, rest.data(), rest.size(), 0) < 0) die("pwrite");
  }
  if (::ftruncate(file, static_cast<off_t>(rest.size())) != 0) die("ftruncate");
}

}  // namespace

std::string log_path(std::string_view site) {
  std::string path = "flush/";
  path += site;
  std::replace(path.begin(), path.end(), '.', '_');
  return path;
}

void send_log(const std::string& path, bool unthrottle) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  if (unthrottle) trigger('F');
  ::flock(file, LOCK_EX);
  struct stat status {};
  ::fstat(file, &status);
  std::vector<char> lines(static_cast<std::size_t>(status.st_size));
  if (::read(file, lines.data(), lines.size()) != status.st_size) die("read");
  ::flock(file, LOCK_UN);
  move_all(lines);
  ::flock(file, LOCK_EX);
  drop(file, lines.size());
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  ::flock(file, LOCK_UN);
  ::close(file);
  if (!lines.empty()) trigger('I');
}

void send_file(std::string_view queue_id) {
  const std::string id(queue_id);
  const std::string deferred = "deferred/" + id.substr(0, 1) + "/" + id;
  const std::string incoming = "incoming/" + id;
  if (::utimensat(AT_FDCWD, deferred.c_str(), nullptr, 0) != 0) return;
  const int file = ::open(deferred.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  struct stat status {};
  if (file < 0 || ::fstat(file, &status) != 0) return;
  ::fchmod(file, (status.st_mode & 07777) | S_IRGRP);
  ::close(file);
  ::rename(deferred.c_str(), incoming.c_str());
  trigger('I');
}

}  // namespace uflush::floor
