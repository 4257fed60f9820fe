/// The seam to what the kernel does for a process that wants to be the only one at work on a file: leases
/// (fcntl(2), F_SETLEASE), and news of names (inotify(7)). Backends: the kernel (kernel_file_guard.hpp), and
/// the simulation of the tests.
///
/// One thread uses a guard.
#pragma once

#include <string>
#include <vector>

#include "io/file_system.hpp"
#include "io/result.hpp"

namespace uflush {

class FileGuard {
 public:
  FileGuard() = default;
  FileGuard(const FileGuard&) = delete;
  FileGuard& operator=(const FileGuard&) = delete;
  virtual ~FileGuard() = default;

  /// Lends the file to us alone. From now on whoever opens or truncates it waits until we give the lease back
  /// or close the file; who does so in our own process waits as well. EAGAIN when somebody else has it open;
  /// EACCES when it is not ours; other errors where file system or kernel do not lend.
  [[nodiscard]] virtual Result<void> take_lease(FileHandle file) = 0;
  virtual void return_lease(FileHandle file) noexcept = 0;

  /// Our leases that others wait for. The kernel takes those away by itself that are not given back within
  /// /proc/sys/fs/lease-break-time (45 seconds).
  struct WantedLeases {
    std::vector<FileHandle> files;
    bool perhaps_all = false;  ///< the kernel has lost count
  };
  /// Says each once.
  [[nodiscard]] virtual WantedLeases wanted_leases() = 0;
  /// Readable when a lease is wanted.
  [[nodiscard]] virtual Result<int> wanted_leases_fd() = 0;

  /// Watches the names in a directory for removal and for being moved to or away. Once more is no error.
  [[nodiscard]] virtual Result<void> watch_names(const char* directory) = 0;
  struct ChangedNames {
    std::vector<std::string> names;  ///< without their directories
    bool perhaps_all = false;        ///< a directory itself was touched, or the kernel has lost count
  };
  /// What has changed since the last time. Every change whose system call is over is in it.
  [[nodiscard]] virtual ChangedNames changed_names() = 0;
};

}  // namespace uflush
