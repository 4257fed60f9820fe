#include "tests/differential/snapshot.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/differential/step.hpp"
#include "tests/support/owned_fd.hpp"

namespace uflush::differential {
namespace {

namespace fs = std::filesystem;

constexpr std::array watched{"flush", "deferred", "incoming", "active", "hold"};
/// The age of what an earlier step touched: younger than any age that scenarios set, older than any step.
constexpr std::time_t touched_age_s = 30;

std::string content_of(const std::string& path) {
  const support::OwnedFd file{::open(path.c_str(), O_RDONLY | O_NOATIME | O_CLOEXEC | O_NONBLOCK)};
  std::string content;
  std::array<char, 16384> piece;
  for (ssize_t count = 0; file.is_open() && (count = ::read(file.get(), piece.data(), piece.size())) > 0;)
    content.append(piece.data(), static_cast<std::size_t>(count));
  return content;
}

/// A daemon that reads the precise clock may be ahead of std::time() by a tick, and so by a second.
bool is_touched(const timespec& time, const StepClock& clock) {
  return time.tv_sec >= clock.begin && time.tv_sec <= std::time(nullptr) + 1;
}

std::string time_text(const timespec& time, const StepClock& clock) {
  if (is_touched(time, clock)) return "now";
  return fmt::format("{}", clock.base - time.tv_sec);
}

std::string describe(const std::string& path, const StepClock& clock) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return "unreadable";
  const std::string owner =
      fmt::format("{:04o} {}:{}", status.st_mode & 07777U, status.st_uid, status.st_gid);
  if (S_ISDIR(status.st_mode)) return "directory " + owner;
  if (S_ISLNK(status.st_mode)) return "link " + owner + " to " + fs::read_symlink(path).string();
  return fmt::format("file {} links {} atime {} mtime {} {}", owner, status.st_nlink,
                     time_text(status.st_atim, clock), time_text(status.st_mtim, clock),
                     as_literal(content_of(path), SIZE_MAX));
}

/// Paths below the queue directory, relative to it; links are not followed.
std::vector<std::string> walk(const std::string& queue_directory) {
  std::vector<std::string> found;
  for (const char* name : watched) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(queue_directory + "/" + name, error))) continue;
    found.emplace_back(name);
    for (fs::recursive_directory_iterator it(queue_directory + "/" + name, error), end; !error && it != end;
         it.increment(error))
      found.push_back(it->path().string().substr(queue_directory.size() + 1));
  }
  return found;
}

}  // namespace

Snapshot take_snapshot(const std::string& queue_directory, const StepClock& clock) {
  Snapshot snapshot;
  for (const std::string& name : walk(queue_directory))
    snapshot.emplace(name, describe(fmt::format("{}/{}", queue_directory, name), clock));
  return snapshot;
}

void age_touched_files(const std::string& queue_directory, const StepClock& clock) {
  const auto aged = [&](const timespec& time) {
    return is_touched(time, clock) ? timespec{clock.base - touched_age_s, 0} : time;
  };
  for (const std::string& name : walk(queue_directory)) {
    const std::string path = fmt::format("{}/{}", queue_directory, name);
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    const timespec times[2] = {aged(status.st_atim), aged(status.st_mtim)};
    ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
}

}  // namespace uflush::differential
