#include "io/local_file_system.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include <sys/vfs.h>

#include "io/optional_calls.hpp"

namespace uflush {
namespace {

/// ext2 to ext4, xfs, btrfs, tmpfs, overlayfs, f2fs, zfs, bcachefs, jfs, reiserfs, ramfs.
constexpr std::array<std::uint32_t, 11> local_file_systems = {0xEF53,     0x58465342, 0x9123683E, 0x01021994,
                                                              0x794C7630, 0xF2F52010, 0x2FC12FC1, 0xCA451A4E,
                                                              0x3153464A, 0x52654973, 0x858458F6};

}  // namespace

bool is_on_local_file_system(const char* path) noexcept {
  if (!may_use(OptionalCall::statfs)) return false;
  struct statfs found {};
  if (::statfs(path, &found) != 0) {
    static_cast<void>(is_refused(OptionalCall::statfs, errno));
    return false;
  }
  const auto type = static_cast<std::uint32_t>(found.f_type);
  return std::find(local_file_systems.begin(), local_file_systems.end(), type) != local_file_systems.end();
}

}  // namespace uflush
