#include "core/careful_open.hpp"

#include <string_view>

#include <sys/stat.h>

namespace uflush {
namespace {

CarefulOpenFailure unacceptable(std::string why) {
  return {Error{}, std::move(why)};
}

/// A link that only root can have made, and only root can replace.
bool is_trusted_link(FileSystem& files, const FileStat& link, std::string_view path) {
  if (link.owner != 0) return false;
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string_view::npos ? "." : std::string(path.substr(0, slash));
  const auto directory = files.stat(current_directory, parent.c_str());
  return directory && directory.value().owner == 0 && (directory.value().mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

std::variant<CarefullyOpened, CarefulOpenFailure> careful_open(FileSystem& files, const char* path,
                                                               FileSystem::Open how) {
  auto opened = files.open(current_directory, path, how);
  if (!opened) return CarefulOpenFailure{opened.error(), "cannot open file: " + opened.error().message()};
  const auto found = files.stat(opened.value().handle());
  if (!found) return CarefulOpenFailure{found.error(), "bad open file status: " + found.error().message()};
  const FileStat& file = found.value();
  if (S_ISDIR(file.mode)) return unacceptable("file is a directory");
  if (file.links != 1) return unacceptable("file has " + std::to_string(file.links) + " hard links");

  const auto link = files.stat_link(current_directory, path);
  if (!link)
    return CarefulOpenFailure{link.error(), "file status changed unexpectedly: " + link.error().message()};
  if (S_ISLNK(link.value().mode)) {
    if (!is_trusted_link(files, link.value(), path)) return unacceptable("file is a symbolic link");
  } else if (link.value().device != file.device || link.value().inode != file.inode) {
    return unacceptable("file status changed unexpectedly");
  }
  return CarefullyOpened{std::move(opened).value(), file};
}

}  // namespace uflush
