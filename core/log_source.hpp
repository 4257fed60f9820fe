/// The text of a logfile, block by block: a log may be larger than memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/file_system.hpp"
#include "io/result.hpp"

namespace uflush {

/// So much of a log is read at a time.
inline constexpr std::size_t log_block_bytes = 256UL * 1024;

class LogSource {
 public:
  LogSource() = default;
  LogSource(const LogSource&) = delete;
  LogSource& operator=(const LogSource&) = delete;
  virtual ~LogSource() = default;

  [[nodiscard]] virtual bool at_end() const noexcept = 0;
  /// Appends the next block to `to`.
  [[nodiscard]] virtual Result<void> read_on(std::string& to) = 0;
};

/// What tells a text from others: the digest of what comes before `block`, and of that. 0 for nothing.
[[nodiscard]] std::uint64_t digest_with(std::uint64_t digest, std::string_view block);

/// A text in memory, which must outlive it.
class TextSource final : public LogSource {
 public:
  explicit TextSource(std::string_view text, std::size_t block_bytes = log_block_bytes)
      : rest_(text), block_bytes_(block_bytes) {}

  [[nodiscard]] bool at_end() const noexcept override { return rest_.empty(); }
  [[nodiscard]] Result<void> read_on(std::string& to) override;

 private:
  std::string_view rest_;
  std::size_t block_bytes_;
};

/// A part of an open file. Whoever shortens the file meanwhile makes the text end earlier.
class FileSource final : public LogSource {
 public:
  /// From `begin` to `end`. Borrows `files`; `file` must stay open.
  FileSource(FileSystem& files, FileHandle file, std::uint64_t begin, std::uint64_t end,
             std::size_t block_bytes = log_block_bytes)
      : files_(files), file_(file), position_(begin), end_(end), block_bytes_(block_bytes) {}

  [[nodiscard]] bool at_end() const noexcept override { return position_ >= end_; }
  [[nodiscard]] Result<void> read_on(std::string& to) override;

  /// Of what has been read: the same for the same bytes in the same blocks, and hardly ever for others.
  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

 private:
  FileSystem& files_;
  FileHandle file_;
  std::uint64_t position_;
  std::uint64_t end_;
  std::size_t block_bytes_;
  std::uint64_t digest_ = 0;
};

}  // namespace uflush
