#include "tests/sim/sim_files.hpp"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <utility>

namespace uflush {
namespace {

/// Far above every real descriptor, so that the two kinds cannot be mixed up unnoticed.
constexpr FileHandle first_handle = 1'000'000;
constexpr mode_t new_file_mode = 0600;
constexpr std::time_t relatime_seconds = std::time_t{24} * 60 * 60;

FileStat stat_of(const SimInode& inode) {
  return {.device = 1,
          .inode = inode.number,
          .links = inode.links,
          .size_bytes = inode.data.size(),
          .mode = inode.mode(),
          .owner = inode.owner,
          .access_time = inode.access_time,
          .access_nanoseconds = inode.access_nanoseconds,
          .change_time = inode.change_time};
}

/// As `relatime` mounts do, the default of Linux.
void note_read(SimInode& inode, std::time_t now) {
  if (inode.access_time > inode.change_time && inode.access_time + relatime_seconds > now) return;
  inode.access_time = now;
  inode.access_nanoseconds = 0;
}

}  // namespace

FileFaults FileFaults::drawn(Dice& dice) {
  return {.io_error = dice.draw_probability(0.1),
          .no_space = dice.draw_probability(0.1),
          .short_write = dice.draw_probability(0.1),
          .denied = dice.draw_probability(0.1),
          .not_cached = dice.draw_probability(0.5)};
}

SimFiles::~SimFiles() {
  FLUSH_ASSERT(open_.empty());
}

std::size_t SimFiles::calls() const {
  return std::accumulate(calls_.begin(), calls_.end(), std::size_t{0});
}

// ---- Faults.

void SimFiles::fail(FileCall call, std::string_view path, int error, int times) {
  planned_.push_back({call, std::string(path), error, times});
}

void SimFiles::shorten_write(std::string_view path, std::size_t bytes) {
  short_writes_[std::string(path)] = bytes;
}

Result<void> SimFiles::enter(FileCall call, const std::string& path) {
  threads_.pause();
  ++calls_[static_cast<std::size_t>(call)];
  if (before_call) before_call(call, path);
  for (PlannedFault& fault : planned_) {
    if (fault.call != call || fault.times == 0 || (fault.path != "*" && fault.path != path)) continue;
    --fault.times;
    return Error{fault.error};
  }
  if (const int error = drawn_error(call); error != 0) return Error{error};
  return outcome::success();
}

int SimFiles::drawn_error(FileCall call) {
  switch (call) {
    case FileCall::write:
      if (dice_.chance(faults.no_space)) return ENOSPC;
      return dice_.chance(faults.io_error) ? EIO : 0;
    case FileCall::make_directory:
      if (dice_.chance(faults.no_space)) return ENOSPC;
      return dice_.chance(faults.denied) ? EACCES : 0;
    case FileCall::open:
    case FileCall::unlink:
      return dice_.chance(faults.denied) ? EACCES : 0;
    case FileCall::rename:
      if (dice_.chance(faults.denied)) return EACCES;
      return dice_.chance(faults.io_error) ? EIO : 0;
    case FileCall::read:
    case FileCall::truncate:
    case FileCall::sync:
    case FileCall::stat:
    case FileCall::set_times:
    case FileCall::list:
      return dice_.chance(faults.io_error) ? EIO : 0;
    case FileCall::lock:
    case FileCall::unlock:
    case FileCall::set_mode:
      return 0;
  }
  return 0;
}

/// How many of `wanted` bytes fit; a planned short write leaves a full disk behind.
std::size_t SimFiles::accepted_bytes(const std::string& path, std::size_t wanted) {
  if (const auto planned = short_writes_.find(path); planned != short_writes_.end()) {
    const std::size_t accepted = std::min(planned->second, wanted);
    short_writes_.erase(planned);
    fail(FileCall::write, path, ENOSPC);
    return accepted;
  }
  if (wanted > 1 && dice_.chance(faults.short_write)) {
    fail(FileCall::write, path, ENOSPC);
    return dice_.between(1, wanted - 1);
  }
  return wanted;
}

// ---- Names and handles.

Result<SimFiles::OpenFile*> SimFiles::opened(FileHandle file) {
  const auto found = open_.find(file);
  if (found == open_.end()) return Error{EBADF};
  return &found->second;
}

std::string SimFiles::path_of(FileHandle directory, const char* name) const {
  const auto base = open_.find(directory);
  if (name[0] == '/' || base == open_.end() || base->second.path == ".") return name;
  const std::string_view slash = base->second.path.ends_with('/') ? "" : "/";
  return std::string(base->second.path).append(slash).append(name);
}

Result<SimDisk::Place> SimFiles::find(FileHandle directory, const char* name, bool follow_last) {
  if (directory == current_directory || name[0] == '/') return disk_.find(nullptr, name, follow_last);
  TRY(base, opened(directory));
  return disk_.find(base->inode, name, follow_last);
}

Result<SimInodePtr> SimFiles::existing(FileHandle directory, const char* name, bool follow_last) {
  TRY(place, find(directory, name, follow_last));
  if (!place.inode) return Error{ENOENT};
  return place.inode;
}

Result<FileHandle> SimFiles::open_handle(FileHandle directory, const char* name, Open how) {
  const std::string path = path_of(directory, name);
  if (how == Open::place) how = Open::directory;  // rights do not exist here
  TRY_VOID(enter(FileCall::open, path));
  TRY(place, find(directory, name, how != Open::append_create));
  SimInodePtr inode = place.inode;
  if (inode && inode->type == SimInode::Type::symlink) return Error{ELOOP};
  if (how == Open::append_create_through_link) how = Open::append_create;
  if (!inode) {
    if (how != Open::append_create) return Error{ENOENT};
    if (dice_.chance(faults.no_space)) return Error{ENOSPC};
    inode = disk_.create(place, SimInode::Type::file, new_file_mode);
  }
  const bool is_directory = inode->type == SimInode::Type::directory;
  if (how == Open::directory && !is_directory) return Error{ENOTDIR};
  if (how != Open::directory && is_directory) return Error{EISDIR};
  if (inode->type == SimInode::Type::socket) return Error{ENXIO};
  if (inode->type == SimInode::Type::fifo) {
    const bool both_ways = how == Open::append_create || how == Open::log;
    FLUSH_ASSERT(both_ways || how == Open::write_nonblocking);  // anything else would block
    if (!both_ways && !inode->fifo_reader) return Error{ENXIO};
  }
  disk_.tell(SimDisk::NameEvent::opened, {place.directory, place.name, inode});
  FileHandle handle = first_handle;  // the lowest free one, as the kernel does
  for (const auto& [taken, _] : open_) {
    if (taken != handle) break;
    ++handle;
  }
  open_.emplace(handle, OpenFile{std::move(inode), how, path});
  return handle;
}

void SimFiles::close(FileHandle file) noexcept {
  const auto found = open_.find(file);
  FLUSH_ASSERT(found != open_.end());
  if (found->second.inode->lock_owner == &found->second) found->second.inode->lock_owner = nullptr;
  open_.erase(found);
}

// ---- Calls on open files.

Result<void> SimFiles::lock(FileHandle file, Lock patience) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::lock, description->path));
  const SimInodePtr inode = description->inode;
  const auto free = [&] { return inode->lock_owner == nullptr || inode->lock_owner == description; };
  if (patience == Lock::try_now && !free()) return Error{EWOULDBLOCK};
  threads_.wait_until(free);
  inode->lock_owner = description;
  return outcome::success();
}

Result<void> SimFiles::unlock(FileHandle file) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::unlock, description->path));
  if (description->inode->lock_owner == description) description->inode->lock_owner = nullptr;
  return outcome::success();
}

Result<std::size_t> SimFiles::write(FileHandle file, std::span<const char> bytes) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::write, description->path));
  SimInode& inode = *description->inode;
  if (description->how == Open::directory) return Error{EBADF};
  if (inode.type == SimInode::Type::fifo) {
    if (!inode.fifo_reader) return Error{EPIPE};
    inode.fifo_reader(std::string_view(bytes.data(), bytes.size()));
    return bytes.size();
  }
  if (bytes.empty()) return std::size_t{0};
  const std::size_t accepted = accepted_bytes(description->path, bytes.size());
  if (accepted == 0) return Error{ENOSPC};
  if (description->how == Open::append_create) description->position = inode.data.size();
  inode.write_at(description->position, std::string_view(bytes.data(), accepted));
  description->position += accepted;
  inode.change_time = disk_.wall_time();
  return accepted;
}

Result<std::size_t> SimFiles::read_at(FileHandle file, std::span<char> into, std::uint64_t offset) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::read, description->path));
  if (description->how == Open::directory) return Error{EISDIR};
  if (description->how == Open::write_nonblocking) return Error{EBADF};
  SimInode& inode = *description->inode;
  if (description->how == Open::read_write) note_read(inode, disk_.wall_time());
  if (offset >= inode.data.size()) return std::size_t{0};
  return inode.data.copy(into.data(), into.size(), offset);
}

Result<std::size_t> SimFiles::read_cached_at(FileHandle file, std::span<char> into, std::uint64_t offset) {
  if (dice_.chance(faults.not_cached)) return Error{EAGAIN};
  return read_at(file, into, offset);
}

Result<std::size_t> SimFiles::write_at(FileHandle file, std::span<const char> bytes, std::uint64_t offset) {
  TRY(description, opened(file));
  FLUSH_ASSERT(description->how != Open::append_create);  // Linux would append, whatever the offset
  TRY_VOID(enter(FileCall::write, description->path));
  if (description->how == Open::directory) return Error{EBADF};
  if (bytes.empty()) return std::size_t{0};
  const std::size_t accepted = accepted_bytes(description->path, bytes.size());
  if (accepted == 0) return Error{ENOSPC};
  description->inode->write_at(offset, std::string_view(bytes.data(), accepted));
  description->inode->change_time = disk_.wall_time();
  return accepted;
}

Result<void> SimFiles::truncate(FileHandle file, std::uint64_t size_bytes) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::truncate, description->path));
  if (description->how == Open::directory) return Error{EINVAL};
  description->inode->truncate(size_bytes);
  description->inode->change_time = disk_.wall_time();
  return outcome::success();
}

Result<void> SimFiles::sync(FileHandle file) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::sync, description->path));
  description->inode->sync();
  return outcome::success();
}

Result<FileStat> SimFiles::stat(FileHandle file) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::stat, description->path));
  return stat_of(*description->inode);
}

Result<void> SimFiles::set_mode(FileHandle file, mode_t permissions) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::set_mode, description->path));
  description->inode->permissions = permissions & 07777;
  return outcome::success();
}

Result<std::vector<DirectoryEntry>> SimFiles::list(FileHandle directory) {
  TRY(description, opened(directory));
  TRY_VOID(enter(FileCall::list, description->path));
  if (description->how != Open::directory) return Error{ENOTDIR};
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, _] : description->inode->entries) entries.push_back({name});
  dice_.shuffle(entries);
  return entries;
}

// ---- Calls on names.

Result<FileStat> SimFiles::stat(FileHandle directory, const char* name) {
  TRY_VOID(enter(FileCall::stat, path_of(directory, name)));
  TRY(inode, existing(directory, name));
  return stat_of(*inode);
}

Result<FileStat> SimFiles::stat_link(FileHandle directory, const char* name) {
  TRY_VOID(enter(FileCall::stat, path_of(directory, name)));
  TRY(inode, existing(directory, name, false));
  return stat_of(*inode);
}

Result<void> SimFiles::set_times(FileHandle directory, const char* name, std::time_t when) {
  TRY_VOID(enter(FileCall::set_times, path_of(directory, name)));
  TRY(inode, existing(directory, name));
  inode->access_time = inode->change_time = when;
  inode->access_nanoseconds = 0;
  return outcome::success();
}

Result<void> SimFiles::set_times(FileHandle file, std::time_t when) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::set_times, description->path));
  description->inode->access_time = description->inode->change_time = when;
  description->inode->access_nanoseconds = 0;
  return outcome::success();
}

Result<void> SimFiles::set_access_time(FileHandle file, std::time_t when, long nanoseconds) {
  TRY(description, opened(file));
  TRY_VOID(enter(FileCall::set_times, description->path));
  description->inode->access_time = when;
  description->inode->access_nanoseconds = nanoseconds;
  return outcome::success();
}

Result<void> SimFiles::rename(FileHandle from_directory, const char* from, FileHandle to_directory,
                              const char* to) {
  TRY_VOID(enter(FileCall::rename, path_of(from_directory, from)));
  TRY(source, find(from_directory, from, false));
  if (!source.inode) return Error{ENOENT};
  TRY(target, find(to_directory, to, false));
  if (target.inode == source.inode) return outcome::success();
  if (target.inode) {
    const bool onto_directory = target.inode->type == SimInode::Type::directory;
    const bool is_directory = source.inode->type == SimInode::Type::directory;
    if (onto_directory && !is_directory) return Error{EISDIR};
    if (!onto_directory && is_directory) return Error{ENOTDIR};
    if (!target.inode->entries.empty()) return Error{ENOTEMPTY};
  }
  disk_.link(target, source.inode);
  disk_.unlink(source);
  return outcome::success();
}

Result<void> SimFiles::unlink(FileHandle directory, const char* name) {
  TRY_VOID(enter(FileCall::unlink, path_of(directory, name)));
  TRY(place, find(directory, name, false));
  if (!place.inode) return Error{ENOENT};
  if (place.inode->type == SimInode::Type::directory) return Error{EISDIR};
  disk_.unlink(place);
  return outcome::success();
}

Result<void> SimFiles::make_directory(FileHandle directory, const char* name, mode_t permissions) {
  TRY_VOID(enter(FileCall::make_directory, path_of(directory, name)));
  TRY(place, find(directory, name, false));
  if (place.inode) return Error{EEXIST};
  disk_.create(place, SimInode::Type::directory, permissions);
  return outcome::success();
}

}  // namespace uflush
