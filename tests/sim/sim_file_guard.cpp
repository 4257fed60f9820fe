#include "tests/sim/sim_file_guard.hpp"

#include <cerrno>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace uflush {

SimFileGuard::SimFileGuard(SimDisk& disk, SimFiles& files, Dice& dice)
    : disk_(disk), files_(files), dice_(dice), readable_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  FLUSH_ASSERT(readable_);
  disk_.name_watchers.emplace_back([this](const SimDisk::Place& place) { note_name(place); });
}

SimFileGuard::~SimFileGuard() {
  disk_.name_watchers.clear();  // nobody else watches
}

Result<void> SimFileGuard::take_lease(FileHandle file) {
  return files_.take_lease(file, [this, file] {
    wanted_.insert(file);
    FLUSH_ASSERT(::eventfd_write(readable_.get(), 1) == 0);
  });
}

FileGuard::WantedLeases SimFileGuard::wanted_leases() {
  eventfd_t ignored = 0;
  (void)::eventfd_read(readable_.get(), &ignored);
  WantedLeases wanted;
  if (!wanted_.empty() && dice_.chance(loss)) {
    wanted.perhaps_all = true;
  } else {
    wanted.files.assign(wanted_.begin(), wanted_.end());
  }
  wanted_.clear();
  return wanted;
}

Result<void> SimFileGuard::watch_names(const char* directory) {
  if (watch_error != 0) return Error{watch_error};
  const SimInodePtr inode = disk_.at(directory);
  if (!inode) return Error{ENOENT};
  if (inode->type != SimInode::Type::directory) return Error{ENOTDIR};
  watched_.insert(inode.get());
  return outcome::success();
}

void SimFileGuard::note_name(const SimDisk::Place& place) {
  if (!watched_.contains(place.directory.get())) return;
  changed_.names.push_back(place.name);
  if (place.inode->type == SimInode::Type::directory) changed_.perhaps_all = true;
}

FileGuard::ChangedNames SimFileGuard::changed_names() {
  ChangedNames changed = std::exchange(changed_, {});
  if (!changed.names.empty() && dice_.chance(loss)) changed = {.names = {}, .perhaps_all = true};
  return changed;
}

}  // namespace uflush
