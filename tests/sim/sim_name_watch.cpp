#include "tests/sim/sim_name_watch.hpp"

#include <cerrno>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace uflush {

SimNameWatch::SimNameWatch(SimDisk& disk, Dice& dice)
    : disk_(disk), dice_(dice), readable_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  FLUSH_ASSERT(readable_ && !disk_.on_name_event);
  disk_.on_name_event = [this](SimDisk::NameEvent event, const SimDisk::Place& place) { note(event, place); };
}

SimNameWatch::~SimNameWatch() {
  disk_.on_name_event = {};
}

Result<void> SimNameWatch::watch(const char* directory, Interest interest) {
  if (error != 0) return Error{error};
  const SimInodePtr inode = disk_.at(directory, false);
  if (!inode) return Error{ENOENT};
  if (inode->type != SimInode::Type::directory) return Error{ENOTDIR};
  watched_[inode.get()] = interest;
  return outcome::success();
}

void SimNameWatch::note(SimDisk::NameEvent event, const SimDisk::Place& place) {
  const auto watched = watched_.find(place.directory.get());
  if (watched == watched_.end()) return;
  const bool is_directory = place.inode->type == SimInode::Type::directory;
  if (event == SimDisk::NameEvent::opened) {
    if (is_directory || watched->second == Interest::changes) return;
    news_.opened.push_back(place.name);
  } else {
    news_.changed.push_back(place.name);
    if (is_directory) news_.perhaps_all = true;
  }
  FLUSH_ASSERT(::eventfd_write(readable_.get(), 1) == 0);
}

NameWatch::News SimNameWatch::read() {
  eventfd_t ignored = 0;
  (void)::eventfd_read(readable_.get(), &ignored);
  News news = std::exchange(news_, {});
  if (!(news.changed.empty() && news.opened.empty()) && dice_.chance(loss)) {
    news = {};
    news.perhaps_all = true;
  }
  return news;
}

}  // namespace uflush
