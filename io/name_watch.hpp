/// The seam to news of names (inotify(7)): which files in a directory were opened, and which names lead
/// elsewhere now. Backends: the kernel (kernel_name_watch.hpp), and the simulation of the tests.
///
/// One thread uses a watch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/result.hpp"

namespace uflush {

class NameWatch {
 public:
  /// What to tell of the names in a directory: that they are removed, moved away, or get another file; and
  /// that their files are opened, by that name or by a symbolic link to it.
  enum class Interest : std::uint8_t { changes, changes_and_openings };

  NameWatch() = default;
  NameWatch(const NameWatch&) = delete;
  NameWatch& operator=(const NameWatch&) = delete;
  virtual ~NameWatch() = default;

  /// Watches a directory, relative to the working directory. Once more is no error. ENOTDIR for a symbolic
  /// link; EOPNOTSUPP on a file system that others may change without the knowledge of this kernel.
  [[nodiscard]] virtual Result<void> watch(const char* directory, Interest interest) = 0;

  struct News {
    std::vector<std::string> changed;  ///< names, without their directories
    std::vector<std::string> opened;   ///< the same; our own openings are among them
    bool perhaps_all = false;          ///< a directory itself was touched, or news were lost
  };
  /// What has happened since the last time, except that files may have lost a name for a moment before it
  /// is told: each system call that is over is in it.
  [[nodiscard]] virtual News read() = 0;
  /// Readable when there are news.
  [[nodiscard]] virtual Result<int> fd() = 0;
};

}  // namespace uflush
