/// The file system of the machine.
#pragma once

#include "io/file_system.hpp"

namespace uflush {

class KernelFiles final : public FileSystem {
 public:
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
};

}  // namespace uflush
