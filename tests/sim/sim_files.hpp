/// The file system as one simulated process sees it: its open files, its locks, and the faults that hit it.
/// Several may share a disk.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/sim_disk.hpp"
#include "tests/sim/sim_threads.hpp"

namespace uflush {

enum class FileCall : std::uint8_t {
  open,
  lock,
  unlock,
  write,
  read,
  truncate,
  sync,
  stat,
  set_times,
  set_mode,
  rename,
  unlink,
  make_directory,
  list
};
inline constexpr std::size_t file_call_count = 14;

/// Probabilities of what may go wrong by itself.
struct FileFaults {
  double io_error = 0;     ///< EIO from read, write, truncate, sync, stat, set_times, rename, list
  double no_space = 0;     ///< ENOSPC from write and from whatever creates a name
  double short_write = 0;  ///< part of the bytes, the rest of the disk is full
  double denied = 0;       ///< EACCES from open, rename, unlink, make_directory
  double not_cached = 0;   ///< a read that must not wait for the disk would have to

  [[nodiscard]] static FileFaults drawn(Dice& dice);
};

class SimFiles final : public FileSystem {
 public:
  /// Borrows all of them.
  SimFiles(SimDisk& disk, SimThreads& threads, Dice& dice) : disk_(disk), threads_(threads), dice_(dice) {}
  ~SimFiles() override;

  // ---- For tests: paths from the root of the disk. These never pause, fail by injection, or count as calls.

  /// Replaces or makes a file (mode 0600), with the directories on the way.
  void write(std::string_view path, std::string_view text);
  void append(std::string_view path, std::string_view text);
  void make_directories(std::string_view path);
  void make_symlink(std::string_view target, std::string_view path);
  void make_fifo(std::string_view path);
  void make_hard_link(std::string_view existing, std::string_view path);
  void remove(std::string_view path);
  void move(std::string_view from, std::string_view to);
  void chmod(std::string_view path, mode_t permissions);
  void set_times(std::string_view path, std::time_t access_time, std::time_t change_time);
  [[nodiscard]] bool exists(std::string_view path) const;
  [[nodiscard]] std::string read(std::string_view path) const;
  [[nodiscard]] std::uint64_t size(std::string_view path) const;
  [[nodiscard]] mode_t mode(std::string_view path) const;  ///< permission bits
  [[nodiscard]] std::time_t access_time(std::string_view path) const;
  [[nodiscard]] std::time_t change_time(std::string_view path) const;
  [[nodiscard]] bool is_locked(std::string_view path) const;
  /// Names in a directory, sorted.
  [[nodiscard]] std::vector<std::string> names(std::string_view directory) const;

  /// Takes and gives back the flock of a file for an actor outside, who is not a process of its own.
  void lock_from_outside(std::string_view path);
  void unlock_from_outside(std::string_view path);

  // ---- Faults.

  FileFaults faults;
  /// The next `times` calls of this kind that name or have open `path` ("*": any) fail with `error`.
  void fail(FileCall call, std::string_view path, int error, int times = 1);
  /// The next write to `path` takes only `bytes`; the one after it finds the disk full.
  void shorten_write(std::string_view path, std::size_t bytes);
  /// Called before each call takes effect, with its kind and path: a moment to look, to act, or to take an
  /// image of the disk, as if the machine crashed here.
  std::function<void(FileCall call, const std::string& path)> before_call;

  [[nodiscard]] std::size_t calls(FileCall call) const { return calls_[static_cast<std::size_t>(call)]; }
  [[nodiscard]] std::size_t calls() const;
  [[nodiscard]] std::size_t open_files() const noexcept { return open_.size(); }

  // ---- FileSystem.

  void close(FileHandle file) noexcept override;
  [[nodiscard]] Result<void> lock(FileHandle file, Lock patience) override;
  [[nodiscard]] Result<void> unlock(FileHandle file) override;
  [[nodiscard]] Result<std::size_t> write(FileHandle file, std::span<const char> bytes) override;
  [[nodiscard]] Result<std::size_t> read_at(FileHandle file, std::span<char> into,
                                            std::uint64_t offset) override;
  [[nodiscard]] Result<std::size_t> read_cached_at(FileHandle file, std::span<char> into,
                                                   std::uint64_t offset) override;
  [[nodiscard]] Result<std::size_t> write_at(FileHandle file, std::span<const char> bytes,
                                             std::uint64_t offset) override;
  [[nodiscard]] Result<void> truncate(FileHandle file, std::uint64_t size_bytes) override;
  [[nodiscard]] Result<void> sync(FileHandle file) override;
  [[nodiscard]] Result<FileStat> stat(FileHandle file) override;
  [[nodiscard]] Result<FileStat> stat(FileHandle directory, const char* name) override;
  [[nodiscard]] Result<FileStat> stat_link(FileHandle directory, const char* name) override;
  [[nodiscard]] Result<void> set_times(FileHandle directory, const char* name, std::time_t when) override;
  [[nodiscard]] Result<void> set_times(FileHandle file, std::time_t when) override;
  [[nodiscard]] Result<void> set_access_time(FileHandle file, std::time_t when, long nanoseconds) override;
  [[nodiscard]] Result<void> set_mode(FileHandle file, mode_t permissions) override;
  [[nodiscard]] Result<void> rename(FileHandle from_directory, const char* from, FileHandle to_directory,
                                    const char* to) override;
  [[nodiscard]] Result<void> unlink(FileHandle directory, const char* name) override;
  [[nodiscard]] Result<void> make_directory(FileHandle directory, const char* name,
                                            mode_t permissions) override;
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(FileHandle directory) override;

 protected:
  [[nodiscard]] Result<FileHandle> open_handle(FileHandle directory, const char* name, Open how) override;

 private:
  /// An open description.
  struct OpenFile {
    SimInodePtr inode;
    Open how;
    std::string path;
    std::uint64_t position = 0;
  };
  struct PlannedFault {
    FileCall call;
    std::string path;
    int error;
    int times;
  };

  /// What every call goes through first: a pause, the count, the observer, the faults.
  [[nodiscard]] Result<void> enter(FileCall call, const std::string& path);
  [[nodiscard]] int drawn_error(FileCall call);
  [[nodiscard]] Result<OpenFile*> opened(FileHandle file);
  [[nodiscard]] std::string path_of(FileHandle directory, const char* name) const;
  [[nodiscard]] Result<SimDisk::Place> find(FileHandle directory, const char* name, bool follow_last = true);
  [[nodiscard]] Result<SimInodePtr> existing(FileHandle directory, const char* name, bool follow_last = true);
  [[nodiscard]] std::size_t accepted_bytes(const std::string& path, std::size_t wanted);
  [[nodiscard]] SimInode& inode_at(std::string_view path) const;

  SimDisk& disk_;
  SimThreads& threads_;
  Dice& dice_;
  std::map<FileHandle, OpenFile> open_;
  std::vector<PlannedFault> planned_;
  std::map<std::string, std::size_t, std::less<>> short_writes_;
  std::array<std::size_t, file_call_count> calls_{};
};

}  // namespace uflush
