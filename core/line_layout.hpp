/// Where lines of a logfile come to lie: on the pages of the file, and over lines that are no longer needed.
///
/// What must be filled is filled with lines of zeros, each a valid queue ID that no message has. None is so
/// short that it could be the name of a hash directory, nor so long that half of one and half of another make
/// a line that is too long for a queue ID.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uflush {

/// Bytes of a filler line, with its newline.
inline constexpr std::size_t filler_bytes_min = 9;
inline constexpr std::size_t filler_bytes_max = 121;

/// Appends lines of filler: `bytes` in all, 0 or at least `filler_bytes_min`.
void append_filler(std::string& to, std::size_t bytes);

/// Lines as they are appended to a file: no line straddles two pages. The kernel copies page by page, and a
/// process that is killed in between leaves a part of its write(2): whole lines, then.
///
/// After each line a page is full, or has room for a filler line. Where the file, as others have left it, has
/// less room than that, the next line straddles.
class PageLayout {
 public:
  static constexpr std::size_t page_bytes = 4096;

  /// `lines` (whole ones, which must outlive this) as they are to be appended at `position` of the file.
  PageLayout(std::string_view lines, std::uint64_t position);

  /// What is to be written.
  [[nodiscard]] std::string_view bytes() const noexcept { return padding_.empty() ? lines_ : padded_; }
  /// How many bytes of `lines` are among the first `count` of `bytes()`.
  [[nodiscard]] std::size_t lines_within(std::size_t count) const noexcept;

 private:
  struct Padding {
    std::size_t offset;  ///< in padded_
    std::size_t bytes;
  };

  std::string_view lines_;
  std::string padded_;
  std::vector<Padding> padding_;
};

/// A text that is about to be overwritten.
class OldText {
 public:
  OldText() = default;
  OldText(const OldText&) = delete;
  OldText& operator=(const OldText&) = delete;
  virtual ~OldText() = default;

  /// The byte at `offset`, or a NUL behind the end.
  [[nodiscard]] virtual char at(std::uint64_t offset) = 0;
};

/// Lines that are copied over the beginning of a text of handled lines, which is then cut behind the copy.
///
/// Wherever the writing is cut, by a crash or a full disk, no empty line comes about where the copy ends and
/// the rest of the old text begins: before a newline of the copy could meet one of the old text, a line of
/// filler is put in. The copy ends where a line of the old text ends.
class CopyLayout {
 public:
  /// The first `room_bytes` of `old` may be overwritten.
  CopyLayout(OldText& old, std::uint64_t room_bytes) : old_(old), room_bytes_(room_bytes) {}

  /// Appends to `out` what comes next in the copy for `line` (without newline). False when it does not fit.
  [[nodiscard]] bool put(std::string_view line, std::string& out);
  /// The same for what the end of the copy takes.
  [[nodiscard]] bool finish(std::string& out);
  /// Length of the copy so far.
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }

 private:
  /// Fewer bytes of filler than two of the longest lines have.
  static constexpr std::size_t filler_in_all_max = 512;

  [[nodiscard]] bool may_break_at(std::uint64_t offset) { return old_.at(offset) != '\n'; }
  [[nodiscard]] bool may_break_within(std::size_t filler);
  [[nodiscard]] bool may_end_at(std::uint64_t offset);

  OldText& old_;
  const std::uint64_t room_bytes_;
  std::uint64_t size_bytes_ = 0;
};

/// `lines` as a copy over `old`. Nothing when they do not fit.
[[nodiscard]] std::optional<std::string> copy_over(std::string_view old, std::string_view lines);

}  // namespace uflush
