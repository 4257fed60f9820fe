/// The seam to files: calls that return at once (or soon), as opposed to the ring's requests. Backends: the
/// kernel (kernel_files.hpp), and the simulation of the tests with its crash model and injected faults.
///
/// Names are NUL-terminated and relative to a directory handle; `current_directory` means the process's own.
/// Symbolic links are followed, as the reference does, except where a call says otherwise. Any thread may
/// call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/types.h>

#include "io/result.hpp"

namespace uflush {

/// An open file or directory. Plain number; `File` owns one.
using FileHandle = int;
inline constexpr FileHandle current_directory = AT_FDCWD;

struct FileStat {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 0;
  std::uint64_t size_bytes = 0;
  mode_t mode = 0;  ///< type and permission bits
  uid_t owner = 0;
  std::time_t access_time = 0;
  long access_nanoseconds = 0;  ///< the rest of access_time
  std::time_t change_time = 0;  ///< of the contents: mtime
};

struct DirectoryEntry {
  std::string name;
};

class File;

class FileSystem {
 public:
  /// How `open` opens. `append_create` makes a missing file with mode 0600; where permissions allow it, the
  /// file can be read too, and reading leaves its access time alone. ELOOP for a symbolic link, which
  /// `append_create_through_link` follows. `log`: to read and write, where reading leaves the access time
  /// alone if the owner asks. None of these three waits for anybody at a FIFO. `directory`: to be listed or
  /// synced. `place`: a directory as the place of the names in it (O_PATH), for which the right to search it
  /// is enough.
  enum class Open : std::uint8_t {
    append_create,
    append_create_through_link,
    log,
    read_write,
    write_nonblocking,
    directory,
    place
  };
  enum class Lock : std::uint8_t { try_now, wait };

  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  [[nodiscard]] Result<File> open(FileHandle directory, const char* name, Open how);
  virtual void close(FileHandle file) noexcept = 0;

  /// flock(2), exclusive. EWOULDBLOCK with `try_now` when somebody else has it; `wait` may take for ever and
  /// belongs into a job.
  [[nodiscard]] virtual Result<void> lock(FileHandle file, Lock patience) = 0;
  [[nodiscard]] virtual Result<void> unlock(FileHandle file) = 0;

  /// One write(2): the count may be short.
  [[nodiscard]] virtual Result<std::size_t> write(FileHandle file, std::span<const char> bytes) = 0;
  /// One pread(2): 0 at the end.
  [[nodiscard]] virtual Result<std::size_t> read_at(FileHandle file, std::span<char> into,
                                                    std::uint64_t offset) = 0;
  /// The same, if it need not wait for the disk: EAGAIN otherwise. A file system that cannot tell waits.
  [[nodiscard]] virtual Result<std::size_t> read_cached_at(FileHandle file, std::span<char> into,
                                                           std::uint64_t offset) = 0;
  /// One pwrite(2). Not for a file opened for append.
  [[nodiscard]] virtual Result<std::size_t> write_at(FileHandle file, std::span<const char> bytes,
                                                     std::uint64_t offset) = 0;
  [[nodiscard]] virtual Result<void> truncate(FileHandle file, std::uint64_t size_bytes) = 0;
  /// fdatasync(2). Takes as long as the disk does.
  [[nodiscard]] virtual Result<void> sync(FileHandle file) = 0;

  [[nodiscard]] virtual Result<FileStat> stat(FileHandle file) = 0;
  [[nodiscard]] virtual Result<FileStat> stat(FileHandle directory, const char* name) = 0;
  /// lstat(2): of the link itself.
  [[nodiscard]] virtual Result<FileStat> stat_link(FileHandle directory, const char* name) = 0;

  /// Sets access and modification time to `when`, whole seconds.
  [[nodiscard]] virtual Result<void> set_times(FileHandle directory, const char* name, std::time_t when) = 0;
  [[nodiscard]] virtual Result<void> set_times(FileHandle file, std::time_t when) = 0;
  /// Sets the access time alone.
  [[nodiscard]] virtual Result<void> set_access_time(FileHandle file, std::time_t when, long nanoseconds) = 0;
  [[nodiscard]] virtual Result<void> set_mode(FileHandle file, mode_t permissions) = 0;
  [[nodiscard]] virtual Result<void> rename(FileHandle from_directory, const char* from,
                                            FileHandle to_directory, const char* to) = 0;
  [[nodiscard]] virtual Result<void> unlink(FileHandle directory, const char* name) = 0;
  [[nodiscard]] virtual Result<void> make_directory(FileHandle directory, const char* name,
                                                    mode_t permissions) = 0;

  /// All names in a directory except `.` and `..`, in the order in which the file system gives them.
  [[nodiscard]] virtual Result<std::vector<DirectoryEntry>> list(FileHandle directory) = 0;

 protected:
  [[nodiscard]] virtual Result<FileHandle> open_handle(FileHandle directory, const char* name, Open how) = 0;
};

/// Closes its file when it goes. The file system must outlive it.
class File {
 public:
  File() noexcept = default;
  File(FileSystem& files, FileHandle handle) noexcept : files_(&files), handle_(handle) {}
  File(File&& other) noexcept : files_(other.files_), handle_(std::exchange(other.handle_, -1)) {}
  File& operator=(File&& other) noexcept {
    if (this == &other) return *this;
    close();
    files_ = other.files_;
    handle_ = std::exchange(other.handle_, -1);
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }

  [[nodiscard]] FileHandle handle() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ >= 0; }
  void close() noexcept {
    if (handle_ >= 0) files_->close(std::exchange(handle_, -1));
  }

 private:
  FileSystem* files_ = nullptr;
  FileHandle handle_ = -1;
};

inline Result<File> FileSystem::open(FileHandle directory, const char* name, Open how) {
  TRY(handle, open_handle(directory, name, how));
  return File{*this, handle};
}

}  // namespace uflush
