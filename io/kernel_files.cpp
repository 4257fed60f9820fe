#include "io/kernel_files.hpp"

#include <array>
#include <memory>

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "io/older_calls.hpp"
#include "io/optional_calls.hpp"

namespace uflush {
namespace {

constexpr mode_t new_file_mode = 0600;
/// For regular files O_NONBLOCK means nothing, but who opens or writes a FIFO does not wait for its reader.
constexpr int log_flags = O_RDWR | O_NOATIME | O_NONBLOCK | O_CLOEXEC;
constexpr int append_flags = log_flags | O_CREAT | O_APPEND;

int open_flags(FileSystem::Open how) {
  switch (how) {
    case FileSystem::Open::append_create:
      return append_flags | O_NOFOLLOW;
    case FileSystem::Open::append_create_through_link:
      return append_flags;
    case FileSystem::Open::log:
      return log_flags;
    case FileSystem::Open::read_write:
      return O_RDWR | O_CLOEXEC;
    case FileSystem::Open::write_nonblocking:
      return O_WRONLY | O_NONBLOCK | O_CLOEXEC;
    case FileSystem::Open::directory:
      return O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    case FileSystem::Open::place:
      return O_PATH | O_DIRECTORY | O_CLOEXEC;
  }
  return 0;
}

/// What a call that only succeeds or fails has returned.
Result<void> checked(int answer) {
  if (answer < 0) return last_error();
  return outcome::success();
}

/// What a call that counts bytes has returned.
Result<std::size_t> counted(ssize_t answer) {
  if (answer < 0) return last_error();
  return static_cast<std::size_t>(answer);
}

Result<FileStat> checked_stat(int answer, const struct stat& from) {
  if (answer < 0) return last_error();
  return FileStat{.device = from.st_dev,
                  .inode = from.st_ino,
                  .links = from.st_nlink,
                  .size_bytes = static_cast<std::uint64_t>(from.st_size),
                  .mode = from.st_mode,
                  .owner = from.st_uid,
                  .access_time = from.st_atime,
                  .access_nanoseconds = from.st_atim.tv_nsec,
                  .change_time = from.st_mtime};
}

}  // namespace

Result<FileHandle> KernelFiles::open_handle(FileHandle directory, const char* name, Open how) {
  int flags = open_flags(how);
  const auto try_to_open = [&] { return ::openat(directory, name, flags, new_file_mode); };
  int fd = try_to_open();
  if (fd < 0 && (flags & O_NOATIME) != 0 && (errno == EPERM || errno == EACCES)) {
    // Somebody else's file; one to append to need not be readable.
    flags &= ~O_NOATIME;
    if ((flags & O_APPEND) != 0) flags = (flags & ~O_ACCMODE) | O_WRONLY;
    fd = try_to_open();
  }
  if (fd < 0 && (flags & O_NOATIME) != 0 && errno == EWOULDBLOCK) {
    flags &= ~O_NONBLOCK;  // somebody has a lease on the file, which the kernel takes back
    fd = try_to_open();
  }
  if (fd < 0) return last_error();
  return fd;
}

void KernelFiles::close(FileHandle file) noexcept {
  ::close(file);
}

Result<void> KernelFiles::lock(FileHandle file, Lock patience) {
  int answer = 0;
  do {
    answer = ::flock(file, LOCK_EX | (patience == Lock::try_now ? LOCK_NB : 0));
  } while (answer < 0 && errno == EINTR);
  return checked(answer);
}

Result<void> KernelFiles::unlock(FileHandle file) {
  return checked(::flock(file, LOCK_UN));
}

Result<std::size_t> KernelFiles::write(FileHandle file, std::span<const char> bytes) {
  return counted(::write(file, bytes.data(), bytes.size()));
}

Result<std::size_t> KernelFiles::read_at(FileHandle file, std::span<char> into, std::uint64_t offset) {
  return counted(::pread(file, into.data(), into.size(), static_cast<off_t>(offset)));
}

Result<std::size_t> KernelFiles::read_cached_at(FileHandle file, std::span<char> into, std::uint64_t offset) {
  if (!may_use(OptionalCall::preadv2)) return read_at(file, into, offset);
  const iovec piece{into.data(), into.size()};
  const ssize_t answer = ::preadv2(file, &piece, 1, static_cast<off_t>(offset), RWF_NOWAIT);
  if (answer < 0 && (errno == EOPNOTSUPP || is_refused(OptionalCall::preadv2, errno)))
    return read_at(file, into, offset);
  return counted(answer);
}

Result<std::size_t> KernelFiles::write_at(FileHandle file, std::span<const char> bytes,
                                          std::uint64_t offset) {
  return counted(::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset)));
}

Result<void> KernelFiles::truncate(FileHandle file, std::uint64_t size_bytes) {
  return checked(::ftruncate(file, static_cast<off_t>(size_bytes)));
}

Result<void> KernelFiles::sync(FileHandle file) {
  return sync_data(file);
}

Result<FileStat> KernelFiles::stat(FileHandle file) {
  struct stat found {};
  return checked_stat(::fstat(file, &found), found);
}

Result<FileStat> KernelFiles::stat(FileHandle directory, const char* name) {
  struct stat found {};
  return checked_stat(::fstatat(directory, name, &found, 0), found);
}

Result<FileStat> KernelFiles::stat_link(FileHandle directory, const char* name) {
  struct stat found {};
  return checked_stat(::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW), found);
}

Result<void> KernelFiles::set_times(FileHandle directory, const char* name, std::time_t when) {
  const std::array<timespec, 2> times{{{when, 0}, {when, 0}}};
  return checked(::utimensat(directory, name, times.data(), 0));
}

Result<void> KernelFiles::set_times(FileHandle file, std::time_t when) {
  const std::array<timespec, 2> times{{{when, 0}, {when, 0}}};
  return checked(::futimens(file, times.data()));
}

Result<void> KernelFiles::set_access_time(FileHandle file, std::time_t when, long nanoseconds) {
  const std::array<timespec, 2> times{{{when, nanoseconds}, {0, UTIME_OMIT}}};
  return checked(::futimens(file, times.data()));
}

Result<void> KernelFiles::set_mode(FileHandle file, mode_t permissions) {
  return checked(::fchmod(file, permissions));
}

Result<void> KernelFiles::rename(FileHandle from_directory, const char* from, FileHandle to_directory,
                                 const char* to) {
  return rename_at(from_directory, from, to_directory, to);
}

Result<void> KernelFiles::unlink(FileHandle directory, const char* name) {
  return unlink_at(directory, name);
}

Result<void> KernelFiles::make_directory(FileHandle directory, const char* name, mode_t permissions) {
  return make_directory_at(directory, name, permissions);
}

Result<std::vector<DirectoryEntry>> KernelFiles::list(FileHandle directory) {
  // A second descriptor, so that the handle itself is not used up. Not a second open(2), of ".": that takes
  // the right to search the directory, which its reader need not have.
  const int fd = ::fcntl(directory, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return last_error();
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), ::closedir);
  if (!stream) {
    const Error error = last_error();
    ::close(fd);
    return error;
  }
  ::rewinddir(stream.get());  // the reading position is that of whoever listed before
  std::vector<DirectoryEntry> entries;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({std::string(name)});
    errno = 0;
  }
  if (errno != 0) return last_error();
  return entries;
}

}  // namespace uflush
