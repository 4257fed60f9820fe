/// Giving up what the process will not need: Landlock (landlock(7)).
#pragma once

#include <span>
#include <string>

#include "io/result.hpp"

namespace uflush {

/// From here on this process, and every thread it starts, reaches nothing of the file system below which
/// there is none of `directories`; what is open stays usable. Missing directories are left out. False when
/// the kernel has no Landlock. Needs no_new_privs or root. Single-threaded callers only.
[[nodiscard]] Result<bool> confine_to_directories(std::span<const std::string> directories);

}  // namespace uflush
