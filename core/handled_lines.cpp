#include "core/handled_lines.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/line_layout.hpp"
#include "core/log_source.hpp"
#include "core/logfile.hpp"

namespace uflush {
namespace {

/// A line that came in meanwhile and is longer than this is no queue ID, nor worth the memory.
constexpr std::size_t line_bytes_max = 64UL * 1024;

/// Releases the lock at the end of a block.
class Unlocker {
 public:
  Unlocker(FileSystem& files, FileHandle file) noexcept : files_(files), file_(file) {}
  Unlocker(const Unlocker&) = delete;
  Unlocker& operator=(const Unlocker&) = delete;
  ~Unlocker() { [[maybe_unused]] auto ignored = files_.unlock(file_); }

 private:
  FileSystem& files_;
  FileHandle file_;
};

Result<void> write_fully_at(FileSystem& files, FileHandle file, std::string_view bytes,
                            std::uint64_t offset) {
  while (!bytes.empty()) {
    TRY(count, files.write_at(file, {bytes.data(), bytes.size()}, offset));
    bytes.remove_prefix(count);
    offset += count;
  }
  return outcome::success();
}

/// The file as it was before what lies in front of the last look was overwritten.
class OldFile final : public OldText {
 public:
  OldFile(FileSystem& files, FileHandle file) : files_(files), file_(file) {}

  [[nodiscard]] char at(std::uint64_t offset) override {
    if (offset < begin_ || offset - begin_ >= window_.size()) read_from(offset);
    return window_.empty() ? '\0' : window_[offset - begin_];
  }
  [[nodiscard]] Result<void> outcome_of_reading() const { return read_; }

 private:
  void read_from(std::uint64_t offset) {
    begin_ = offset;
    window_.clear();
    FileSource source(files_, file_, offset, offset + window_bytes, window_bytes);
    if (const auto read = source.read_on(window_); !read) {
      read_ = read.error();
      window_.clear();
    }
  }

  static constexpr std::size_t window_bytes = 16UL * 1024;
  FileSystem& files_;
  FileHandle file_;
  std::uint64_t begin_ = 0;
  std::string window_;
  Result<void> read_ = outcome::success();
};

/// A log whose first lines are to go. The caller has the lock.
class Shortening {
 public:
  Shortening(FileSystem& files, FileHandle file, std::uint64_t handled_bytes, std::uint64_t file_bytes,
             std::string_view stay)
      : files_(files), file_(file), handled_bytes_(handled_bytes), file_bytes_(file_bytes), stay_(stay) {}

  Result<void> run(Durability durability) {
    TRY_VOID(find_first_arrival());
    if (stay_.empty() && arrived_begin_ == file_bytes_) return files_.truncate(file_, 0);
    if (stay_.size() == handled_bytes_) return outcome::success();  // all of them
    TRY(planned, copy(false));
    if (!planned) return outcome::success();
    if (!stay_.empty()) TRY_VOID(append_what_stays(durability));
    TRY(copied, copy(true));
    if (!copied) return outcome::success();
    if (durability == Durability::sync) TRY_VOID(files_.sync(file_));
    return files_.truncate(file_, *copied);
  }

 private:
  /// Who came first may have ended a last line of ours that had no newline.
  Result<void> find_first_arrival() {
    std::array<char, 2> border{};
    TRY_VOID(files_.read_at(file_, border, handled_bytes_ - 1));
    arrived_begin_ = handled_bytes_;
    if (file_bytes_ > handled_bytes_ && border[0] != '\n' && border[1] == '\n') ++arrived_begin_;
    return outcome::success();
  }

  /// So that it stands somewhere while its place is overwritten.
  Result<void> append_what_stays(Durability durability) {
    std::string lines;
    std::array<char, 1> last{'\n'};
    TRY_VOID(files_.read_at(file_, last, file_bytes_ - 1));
    if (last[0] != '\n') lines.push_back('\n');
    lines.append(PageLayout(stay_, file_bytes_ + lines.size()).bytes());
    if (const auto written = write_fully_at(files_, file_, lines, file_bytes_); !written) {
      [[maybe_unused]] auto ignored = files_.truncate(file_, file_bytes_);
      return written.error();
    }
    if (durability == Durability::sync) TRY_VOID(files_.sync(file_));
    return outcome::success();
  }

  /// Copies what stays, and what came in, to the front; or only finds out where the copy would end. Nothing
  /// when it does not fit.
  Result<std::optional<std::uint64_t>> copy(bool writes) {
    OldFile old(files_, file_);
    CopyLayout layout(old, handled_bytes_);
    std::string text(stay_);
    std::string out;
    std::uint64_t flushed = 0;
    FileSource arrived(files_, file_, arrived_begin_, file_bytes_);
    for (bool is_last = false; !is_last;) {
      is_last = arrived.at_end();
      if (!is_last) TRY_VOID(arrived.read_on(text));
      const bool fits = put_lines(text, is_last, layout, out) && (!is_last || layout.finish(out));
      TRY_VOID(old.outcome_of_reading());
      if (!fits) return std::optional<std::uint64_t>();
      if (writes) TRY_VOID(write_fully_at(files_, file_, out, flushed));
      flushed = layout.size_bytes();
      out.clear();
    }
    return std::optional(flushed);
  }

  /// Takes the whole lines out of `text`; at the end of the file the last line may want its newline.
  static bool put_lines(std::string& text, bool is_last, CopyLayout& layout, std::string& out) {
    std::string_view rest = text;
    for (std::size_t newline = rest.find('\n'); !rest.empty(); newline = rest.find('\n')) {
      const bool is_cut = newline == std::string_view::npos;
      if (is_cut && !is_last) break;
      if (!layout.put(rest.substr(0, newline), out)) return false;
      rest.remove_prefix(is_cut ? rest.size() : newline + 1);
    }
    text.erase(0, text.size() - rest.size());
    return text.size() <= line_bytes_max;
  }

  FileSystem& files_;
  FileHandle file_;
  const std::uint64_t handled_bytes_;
  const std::uint64_t file_bytes_;
  std::uint64_t arrived_begin_ = 0;
  const std::string_view stay_;
};

Result<bool> begins_with(FileSystem& files, FileHandle file, const HandledPart& handled) {
  FileSource source(files, file, 0, handled.size_bytes);
  std::string block;
  while (!source.at_end()) {
    block.clear();
    TRY_VOID(source.read_on(block));
  }
  return source.digest() == handled.digest;
}

}  // namespace

Result<FoundLog> find_lines(FileSystem& files, FileHandle file, std::time_t now, long nanoseconds,
                            std::size_t short_bytes) {
  TRY_VOID(files.lock(file, FileSystem::Lock::try_now));
  const Unlocker unlocker(files, file);
  TRY(found, files.stat(file));
  FoundLog log;
  log.part.size_bytes = found.size_bytes;
  log.is_whole = found.size_bytes <= short_bytes;
  if (log.is_whole) {
    FileSource source(files, file, 0, found.size_bytes);
    if (!source.at_end()) TRY_VOID(source.read_on(log.lines));
    log.part.digest = source.digest();
  }
  if (!files.set_access_time(file, now, nanoseconds)) {
    // Then the time that is there has to do. This look makes it younger than the contents, so that the next
    // ones leave it alone.
    std::array<char, 1> first{};
    [[maybe_unused]] auto ignored = files.read_at(file, first, 0);
  }
  TRY(marked, files.stat(file));
  log.part.mark = marked.access_time;
  log.part.mark_nanoseconds = marked.access_nanoseconds;
  return log;
}

Result<void> drop_handled_lines(FileSystem& files, FileHandle file, const HandledPart& handled,
                                std::string_view stay, std::time_t now, Durability durability) {
  TRY_VOID(files.lock(file, FileSystem::Lock::try_now));
  const Unlocker unlocker(files, file);
  TRY(found, files.stat(file));
  if (found.access_time != handled.mark || found.access_nanoseconds != handled.mark_nanoseconds) {
    return outcome::success();  // somebody else's send is at work
  }
  if (handled.size_bytes > 0 && found.size_bytes >= handled.size_bytes) {
    TRY(is_as_it_was, begins_with(files, file, handled));
    if (is_as_it_was) {
      TRY_VOID(Shortening(files, file, handled.size_bytes, found.size_bytes, stay).run(durability));
    }
  }
  [[maybe_unused]] auto ignored = files.set_times(file, now);
  return outcome::success();
}

}  // namespace uflush
