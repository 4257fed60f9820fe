#include "core/config_watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/inotify_events.hpp"
#include "io/optional_calls.hpp"

namespace uflush {
namespace {

constexpr int links_max = 40;  // as in the kernel

constexpr unsigned directory_gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_Q_OVERFLOW;
constexpr unsigned name_changed = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE;
constexpr unsigned written_to = IN_MODIFY | IN_CLOSE_WRITE;
constexpr unsigned watched_events = written_to | name_changed | IN_DELETE_SELF | IN_MOVE_SELF;

const std::string root = "/";

bool is_absolute(const std::string& path) {
  return path.starts_with('/');
}

/// Takes the first name off a path, with the slashes on both sides of it.
std::string take_first_name(std::string& path) {
  const std::size_t begin = std::min(path.find_first_not_of('/'), path.size());
  const std::size_t end = std::min(path.find('/', begin), path.size());
  std::string name = path.substr(begin, end - begin);
  path.erase(0, std::min(path.find_first_not_of('/', end), path.size()));
  return name;
}

/// Where a symbolic link leads; nothing when it is none.
std::optional<std::string> link_target(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = ::readlinkat(AT_FDCWD, path.c_str(), target.data(), target.size());
  if (size < 0) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(size));
}

}  // namespace

Result<ConfigWatch> ConfigWatch::open() {
  if (!may_use(OptionalCall::inotify)) return Error{EPERM};
  Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) return last_error();
  return ConfigWatch(std::move(fd));
}

Result<void> ConfigWatch::watch_entry(const std::string& directory, const std::string& name) {
  const int watch = ::inotify_add_watch(fd_.get(), directory.c_str(), watched_events | IN_ONLYDIR);
  if (watch < 0) return last_error();
  names_[watch].insert(name);
  return outcome::success();
}

/// What is written to the file through other names. A file that is not there has none; a directory is watched
/// for its entries elsewhere, if at all.
Result<void> ConfigWatch::watch_contents(const std::string& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0 || S_ISDIR(found.st_mode)) return outcome::success();
  const int watch = ::inotify_add_watch(fd_.get(), file.c_str(), written_to);
  if (watch < 0 && errno != ENOENT) return last_error();
  if (watch >= 0) names_[watch].insert(std::string());
  return outcome::success();
}

/// Walks the path as the kernel does, and watches every name on it that can be exchanged without touching the
/// file itself: the symbolic links, and the last one.
Result<void> ConfigWatch::watch_file(const std::string& path) {
  std::string directory = is_absolute(path) ? root : ".";
  std::string rest = path;
  for (int links = 0;;) {
    const std::string name = take_first_name(rest);
    std::string entry = directory == root ? root : std::string(directory).append("/");
    entry += name;
    const std::optional<std::string> target = link_target(entry);
    if (target || rest.empty()) {
      TRY_VOID(watch_entry(directory, name));
    }
    if (target) {
      if (++links > links_max) return Error{ELOOP};
      if (is_absolute(*target)) directory = root;
      rest.insert(0, "/").insert(0, *target);
    } else {
      if (rest.empty()) return watch_contents(entry);
      directory = entry;
    }
  }
}

void ConfigWatch::handle(int watch, unsigned mask, std::string_view name) {
  if ((mask & directory_gone) != 0) changed_ = true;
  const auto found = names_.find(watch);
  if (found == names_.end() || !found->second.contains(name)) return;
  auto& being_written_to = being_written_to_[watch];
  if ((mask & name_changed) != 0) changed_ = true;
  if ((mask & IN_MODIFY) != 0) being_written_to.emplace(name);
  // Not before the writer has closed it: half a file is no configuration.
  if ((mask & IN_CLOSE_WRITE) != 0 && being_written_to.contains(name)) changed_ = true;
}

bool ConfigWatch::drain_and_check() {
  for_each_inotify_event(
      fd_.get(), [this](int watch, std::uint32_t mask, std::string_view name) { handle(watch, mask, name); });
  return changed_;
}

}  // namespace uflush
