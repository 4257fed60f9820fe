#include "io/sandbox.hpp"

#include <cstdint>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/fd.hpp"

namespace uflush {
namespace {

/// Moving files between directories is a right of its own since the second version of the interface; without
/// it renames across directories are refused, so the first version is of no use to us.
constexpr int interface_version_min = 2;

constexpr std::uint64_t all_rights =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM;
#ifdef LANDLOCK_ACCESS_FS_REFER
constexpr std::uint64_t refer = LANDLOCK_ACCESS_FS_REFER;
#else
constexpr std::uint64_t refer = 1ULL << 13;
#endif
/// A send moves what has the name of a message, whatever it is: renaming a directory, a link or a socket
/// takes the rights to remove it here and to make it there.
constexpr std::uint64_t rights_to_move = LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM |
                                         LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | refer;
constexpr std::uint64_t needed_rights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
                                        LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                        LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                        rights_to_move;

int create_ruleset(const landlock_ruleset_attr* attributes, std::size_t size, unsigned flags) {
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, attributes, size, flags));
}

Result<void> allow(int ruleset, const std::string& directory) {
  const Fd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return outcome::success();
    return last_error();
  }
  const landlock_path_beneath_attr beneath{.allowed_access = needed_rights, .parent_fd = fd.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
    return last_error();
  return outcome::success();
}

}  // namespace

Result<bool> confine_to_directories(std::span<const std::string> directories) {
  if (create_ruleset(nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < interface_version_min) return false;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = all_rights | refer;
  const Fd ruleset(create_ruleset(&attributes, sizeof attributes, 0));
  if (!ruleset) return last_error();
  for (const std::string& directory : directories) TRY_VOID(allow(ruleset.get(), directory));
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return last_error();
  return true;
}

}  // namespace uflush
