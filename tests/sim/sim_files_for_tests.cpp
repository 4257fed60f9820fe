// The part of SimFiles that tests call: whole files by path.
#include "tests/sim/sim_files.hpp"

namespace uflush {

SimInode& SimFiles::inode_at(std::string_view path) const {
  const SimInodePtr inode = disk_.at(path);
  FLUSH_ASSERT(inode != nullptr);  // the test asks for a file that is not there
  return *inode;
}

void SimFiles::write(std::string_view path, std::string_view text) {
  SimInodePtr inode = disk_.at(path);
  if (!inode) inode = disk_.create(path, SimInode::Type::file, 0600);
  inode->truncate(0);
  inode->write_at(0, text);
  inode->sync();
  inode->change_time = disk_.wall_time();
}

void SimFiles::append(std::string_view path, std::string_view text) {
  write(path, (exists(path) ? read(path) : std::string()).append(text));
}

void SimFiles::make_directories(std::string_view path) {
  if (!exists(path)) disk_.create(path, SimInode::Type::directory, 0700);
}

void SimFiles::make_symlink(std::string_view target, std::string_view path) {
  disk_.create(path, SimInode::Type::symlink, 0777)->data = target;
}

void SimFiles::make_fifo(std::string_view path) {
  disk_.create(path, SimInode::Type::fifo, 0600);
}

void SimFiles::make_hard_link(std::string_view existing_path, std::string_view path) {
  const SimInodePtr inode = disk_.at(existing_path, false);
  FLUSH_ASSERT(inode != nullptr);
  auto place = disk_.find(nullptr, path, false);
  FLUSH_ASSERT(place.has_value());
  disk_.link(place.value(), inode);
}

void SimFiles::remove(std::string_view path) {
  auto place = disk_.find(nullptr, path, false);
  FLUSH_ASSERT(place.has_value() && place.value().inode);
  disk_.unlink(place.value());
}

void SimFiles::move(std::string_view from, std::string_view to) {
  auto source = disk_.find(nullptr, from, false);
  auto target = disk_.find(nullptr, to, false);
  FLUSH_ASSERT(source.has_value() && source.value().inode && target.has_value());
  disk_.link(target.value(), source.value().inode);
  disk_.unlink(source.value());
}

void SimFiles::chmod(std::string_view path, mode_t permissions) {
  inode_at(path).permissions = permissions;
}

void SimFiles::set_times(std::string_view path, std::time_t access_time, std::time_t change_time) {
  inode_at(path).access_time = access_time;
  inode_at(path).change_time = change_time;
}

bool SimFiles::exists(std::string_view path) const {
  return disk_.at(path, false) != nullptr;
}
std::string SimFiles::read(std::string_view path) const {
  return inode_at(path).data;
}
std::uint64_t SimFiles::size(std::string_view path) const {
  return inode_at(path).data.size();
}
mode_t SimFiles::mode(std::string_view path) const {
  return inode_at(path).permissions;
}
std::time_t SimFiles::access_time(std::string_view path) const {
  return inode_at(path).access_time;
}
std::time_t SimFiles::change_time(std::string_view path) const {
  return inode_at(path).change_time;
}
bool SimFiles::is_locked(std::string_view path) const {
  return inode_at(path).lock_owner != nullptr;
}

std::vector<std::string> SimFiles::names(std::string_view directory) const {
  std::vector<std::string> found;
  for (const auto& [name, _] : inode_at(directory).entries) found.push_back(name);
  return found;
}

void SimFiles::lock_from_outside(std::string_view path) {
  SimInode& inode = inode_at(path);
  FLUSH_ASSERT(inode.lock_owner == nullptr);
  inode.lock_owner = &disk_;
}

void SimFiles::unlock_from_outside(std::string_view path) {
  SimInode& inode = inode_at(path);
  FLUSH_ASSERT(inode.lock_owner == &disk_);
  inode.lock_owner = nullptr;
}

}  // namespace uflush
