#include "core/config_watch.hpp"

#include <deque>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sys/inotify.h>

#include "io/inotify_events.hpp"

namespace uflush {
namespace {

constexpr int links_max = 40;  // as in the kernel

constexpr unsigned directory_gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_Q_OVERFLOW;
constexpr unsigned name_changed = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE;
constexpr unsigned watched_events = IN_MODIFY | IN_CLOSE_WRITE | name_changed | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

Result<ConfigWatch> ConfigWatch::open() {
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

/// Walks the path as the kernel does, and watches every name on it that can be exchanged without touching the
/// file itself: the symbolic links, and the last one.
Result<void> ConfigWatch::watch_file(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  if (error) return Error{error.value()};
  std::deque<fs::path> rest(absolute.begin(), absolute.end());
  fs::path directory;
  for (int links = 0; !rest.empty();) {
    const fs::path name = rest.front();
    rest.pop_front();
    const fs::path entry = directory / name;  // an absolute name starts over
    const bool is_link = fs::is_symlink(fs::symlink_status(entry, error));
    if (is_link || rest.empty()) {
      TRY_VOID(watch_entry(directory, name));
    }
    if (!is_link) {
      directory = entry;
      continue;
    }
    if (++links > links_max) return Error{ELOOP};
    const fs::path target = fs::read_symlink(entry, error);
    if (error) return Error{error.value()};
    rest.insert(rest.begin(), target.begin(), target.end());
  }
  return outcome::success();
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
