/// Opening a file that somebody else may have put there to mislead us (BEHAVIOUR.md 3.2, 3.6).
#pragma once

#include <string>
#include <variant>

#include "io/file_system.hpp"

namespace uflush {

struct CarefullyOpened {
  File file;
  FileStat stat;
};

struct CarefulOpenFailure {
  Error error;       ///< of the open itself; 0 when the file was opened but is not acceptable
  std::string text;  ///< as the reference words it: `cannot open file: No such file or directory`
};

/// Opens and accepts only what has one name, is no directory, and is not reached through a symbolic link,
/// unless root made the link in a directory of root's that nobody else can write to.
[[nodiscard]] std::variant<CarefullyOpened, CarefulOpenFailure> careful_open(FileSystem& files,
                                                                             const char* path,
                                                                             FileSystem::Open how);

}  // namespace uflush
