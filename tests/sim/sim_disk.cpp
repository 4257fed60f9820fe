#include "tests/sim/sim_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <unordered_map>
#include <utility>

#include <sys/stat.h>

namespace uflush {
namespace {

constexpr int links_followed_max = 40;
constexpr std::size_t name_bytes_max = 255;

using Survive = std::function<std::string(const SimInode&)>;

/// Copies a tree; a file with several names stays one file. `survive` says what a file holds in the copy.
class TreeCopy {
 public:
  explicit TreeCopy(const Survive& survive) : survive_(survive) {}

  SimInodePtr copy(const SimInode& from, SimInode* parent) {
    SimInodePtr& to = copies_[&from];
    if (to) return to;
    to = std::make_shared<SimInode>();
    SimInodePtr copied = to;  // the map may move while the entries are copied
    copied->type = from.type;
    copied->number = from.number;
    copied->permissions = from.permissions;
    copied->owner = from.owner;
    copied->access_time = from.access_time;
    copied->access_nanoseconds = from.access_nanoseconds;
    copied->change_time = from.change_time;
    copied->links = from.links;
    copied->parent = from.type == SimInode::Type::directory ? parent : nullptr;
    copied->data = from.type == SimInode::Type::file ? survive_(from) : from.data;
    copied->synced = copied->data;
    for (const auto& [name, entry] : from.entries) copied->entries[name] = copy(*entry, copied.get());
    return copied;
  }

 private:
  const Survive& survive_;
  std::unordered_map<const SimInode*, SimInodePtr> copies_;
};

/// What was synced, and a drawn prefix of the changes since then.
std::string survivor(const SimInode& file, Dice& dice) {
  SimInode replay;
  replay.data = file.synced;
  const std::size_t survivors = dice.below(file.unsynced.size() + 1);
  for (std::size_t i = 0; i < survivors; ++i) {
    const SimInode::Change& change = file.unsynced[i];
    if (change.is_truncate) {
      replay.truncate(change.offset);
      continue;
    }
    const bool torn = i + 1 == survivors && dice.chance(0.5);
    const std::size_t kept = torn ? dice.below(change.bytes.size() + 1) : change.bytes.size();
    replay.write_at(change.offset, std::string_view(change.bytes).substr(0, kept));
  }
  return replay.data;
}

}  // namespace

void SimInode::write_at(std::uint64_t offset, std::string_view bytes) {
  if (data.size() < offset + bytes.size()) data.resize(offset + bytes.size(), '\0');
  std::copy(bytes.begin(), bytes.end(), data.begin() + static_cast<std::ptrdiff_t>(offset));
  unsynced.push_back({.offset = offset, .bytes = std::string(bytes)});
}

void SimInode::truncate(std::uint64_t size_bytes) {
  data.resize(size_bytes, '\0');
  unsynced.push_back({.is_truncate = true, .offset = size_bytes});
}

void SimInode::sync() {
  synced = data;
  unsynced.clear();
}

mode_t SimInode::mode() const {
  switch (type) {
    case Type::file:
      return S_IFREG | permissions;
    case Type::directory:
      return S_IFDIR | permissions;
    case Type::symlink:
      return S_IFLNK | permissions;
    case Type::fifo:
      return S_IFIFO | permissions;
    case Type::socket:
      return S_IFSOCK | permissions;
  }
  return 0;
}

SimDisk::SimDisk(const Clock& clock, Image image)
    : clock_(clock), root_(std::move(image.root)), last_number_(image.last_number) {
  if (root_) return;
  root_ = std::make_shared<SimInode>();
  root_->type = SimInode::Type::directory;
  root_->number = ++last_number_;
  root_->permissions = 0755;
  root_->links = 2;
  root_->parent = root_.get();
}

SimDisk::SimDisk(const Clock& clock) : SimDisk(clock, Image{}) {}

SimDisk::Image SimDisk::after_process_death() const {
  const Survive everything = [](const SimInode& file) { return file.data; };
  SimInodePtr root = TreeCopy(everything).copy(*root_, nullptr);
  root->parent = root.get();
  return {std::move(root), last_number_};
}

SimDisk::Image SimDisk::after_power_loss(Dice& dice) const {
  const Survive drawn = [&dice](const SimInode& file) { return survivor(file, dice); };
  SimInodePtr root = TreeCopy(drawn).copy(*root_, nullptr);
  root->parent = root.get();
  return {std::move(root), last_number_};
}

Result<SimDisk::Place> SimDisk::find(const SimInodePtr& start, std::string_view path,
                                     bool follow_last) const {
  if (path.empty()) return Error{ENOENT};
  std::string rest(path);
  SimInodePtr directory = start && !path.starts_with('/') ? start : root_;
  for (int links_followed = 0;;) {
    rest.erase(0, std::min(rest.find_first_not_of('/'), rest.size()));
    if (rest.empty()) return Place{directory, ".", directory};
    if (directory->type != SimInode::Type::directory) return Error{ENOTDIR};
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string name = rest.substr(0, end);
    rest.erase(0, end);
    const bool last = rest.find_first_not_of('/') == std::string::npos;
    if (name.size() > name_bytes_max) return Error{ENAMETOOLONG};
    SimInodePtr inode;
    if (name == ".") {
      inode = directory;
    } else if (name == "..") {
      // A directory is kept alive by its entry in the parent; the root is its own.
      SimInode* const up = directory->parent;
      if (up == root_.get()) {
        inode = root_;
      } else {
        for (const auto& [_, sibling] : up->parent->entries)
          if (sibling.get() == up) inode = sibling;
      }
    } else if (const auto entry = directory->entries.find(name); entry != directory->entries.end()) {
      inode = entry->second;
    }
    if (inode && inode->type == SimInode::Type::symlink && (!last || follow_last)) {
      if (++links_followed > links_followed_max) return Error{ELOOP};
      if (inode->data.starts_with('/')) directory = root_;
      rest.insert(0, inode->data);
      continue;
    }
    if (last) return Place{directory, name, inode};
    if (!inode) return Error{ENOENT};
    directory = inode;
  }
}

SimInodePtr SimDisk::at(std::string_view path, bool follow_last) const {
  auto place = find(nullptr, path, follow_last);
  return place ? place.value().inode : nullptr;
}

SimInodePtr SimDisk::create(const Place& place, SimInode::Type type, mode_t permissions) {
  auto inode = std::make_shared<SimInode>();
  inode->type = type;
  inode->number = ++last_number_;
  inode->permissions = permissions;
  inode->access_time = inode->change_time = wall_time();
  link(place, inode);
  return inode;
}

SimInodePtr SimDisk::create(std::string_view path, SimInode::Type type, mode_t permissions) {
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    const std::string_view parent = path.substr(0, slash);
    if (at(parent)) continue;
    auto place = find(nullptr, parent);
    FLUSH_ASSERT(place.has_value());
    create(place.value(), SimInode::Type::directory, 0700);
  }
  auto place = find(nullptr, path, false);
  FLUSH_ASSERT(place.has_value());
  return create(place.value(), type, permissions);
}

void SimDisk::link(const Place& place, const SimInodePtr& inode) {
  SimInodePtr& entry = place.directory->entries[place.name];
  if (entry || inode->links > 0) tell(NameEvent::changed, {place.directory, place.name, inode});
  if (entry) --entry->links;
  entry = inode;
  ++inode->links;
  if (inode->type == SimInode::Type::directory) {
    inode->parent = place.directory.get();
    if (inode->links == 1) ++inode->links;  // its own "."
  }
  place.directory->change_time = wall_time();
}

void SimDisk::unlink(const Place& place) {
  const auto entry = place.directory->entries.find(place.name);
  FLUSH_ASSERT(entry != place.directory->entries.end());
  tell(NameEvent::changed, {place.directory, place.name, entry->second});
  --entry->second->links;
  place.directory->entries.erase(entry);
  place.directory->change_time = wall_time();
}

}  // namespace uflush
