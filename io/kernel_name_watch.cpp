#include "io/kernel_name_watch.hpp"

#include <algorithm>
#include <array>

#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "io/inotify_events.hpp"

namespace uflush {
namespace {

constexpr std::uint32_t changes = IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
/// About a directory, as itself or as an entry of another one.
constexpr std::uint32_t about_directories =
    IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED | IN_Q_OVERFLOW;

/// ext2 to ext4, xfs, btrfs, tmpfs, overlayfs, f2fs, zfs, bcachefs, jfs, reiserfs, ramfs. A server or another
/// machine may change what lies on others, and inotify is silent about that.
constexpr std::array<std::uint32_t, 11> local_file_systems = {0xEF53,     0x58465342, 0x9123683E, 0x01021994,
                                                              0x794C7630, 0xF2F52010, 0x2FC12FC1, 0xCA451A4E,
                                                              0x3153464A, 0x52654973, 0x858458F6};

bool is_local(const char* directory) {
  struct statfs found {};
  if (::statfs(directory, &found) != 0) return false;
  const auto type = static_cast<std::uint32_t>(found.f_type);
  return std::find(local_file_systems.begin(), local_file_systems.end(), type) != local_file_systems.end();
}

}  // namespace

Result<int> KernelNameWatch::fd() {
  if (!fd_) {
    fd_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd_) return last_error();
  }
  return fd_.get();
}

Result<void> KernelNameWatch::watch(const char* directory, Interest interest) {
  TRY(inotify, fd());
  const std::uint32_t events = changes | (interest == Interest::changes_and_openings ? IN_OPEN : 0);
  if (::inotify_add_watch(inotify, directory, events | IN_ONLYDIR | IN_DONT_FOLLOW) < 0) return last_error();
  if (!is_local(directory)) return Error{EOPNOTSUPP};
  return outcome::success();
}

NameWatch::News KernelNameWatch::read() {
  News news;
  for_each_inotify_event(fd_.get(), [&](int /*watch*/, std::uint32_t mask, std::string_view name) {
    if ((mask & IN_OPEN) != 0) {
      if ((mask & IN_ISDIR) == 0) news.opened.emplace_back(name);
      return;
    }
    if ((mask & about_directories) != 0) news.perhaps_all = true;
    if (!name.empty()) news.changed.emplace_back(name);
  });
  return news;
}

}  // namespace uflush
