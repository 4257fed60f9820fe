#include "core/name_news.hpp"

#include <cerrno>
#include <utility>

#include <sys/stat.h>

namespace uflush {

NameNews::Era NameNews::cover(const std::string& path) {
  if (guard_ == nullptr) return never;
  const std::string_view directory = std::string_view(path).substr(0, path.rfind('/'));
  if (!directories_.contains(directory)) {
    if (is_hopeless_) return never;
    if (const auto watched = watch_way_to(path); !watched) {
      is_hopeless_ = watched.error().number != ENOENT;  // directories are made when they are needed
      return never;
    }
    directories_.emplace(directory);
  }
  return era_;
}

/// Each directory from the queue directory down may be exchanged.
Result<void> NameNews::watch_way_to(const std::string& path) {
  TRY_VOID(watch("."));
  std::size_t begin = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', begin)) {
    TRY_VOID(watch(path.substr(0, slash)));
    on_the_way_.insert(path.substr(begin, slash - begin));
    begin = slash + 1;
  }
  return outcome::success();
}

/// Nobody would tell us that a symbolic link leads elsewhere now because a directory far away was renamed.
Result<void> NameNews::watch(const std::string& directory) {
  TRY_VOID(guard_->watch_names(directory.c_str()));
  TRY(found, files_.stat_link(current_directory, directory.c_str()));
  if (!S_ISDIR(found.mode)) return Error{ENOTDIR};
  return outcome::success();
}

std::vector<std::string> NameNews::changed() {
  FileGuard::ChangedNames changed = guard_->changed_names();
  for (const std::string& name : changed.names)
    if (on_the_way_.contains(name)) changed.perhaps_all = true;
  if (changed.perhaps_all) {
    ++era_;
    directories_.clear();
  }
  return std::move(changed.names);
}

}  // namespace uflush
