/// Notices changes of files by looking at them, where inotify(7) does not tell: files that are mounted one by
/// one, network file systems, a kernel that has no watches left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uflush {

/// What tells one state of a file from another. A file that is not there, or cannot be looked at, is a state
/// as well. Plain bytes, without padding.
struct FileStamp {
  std::uint64_t exists = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;  ///< since 1970
  std::uint64_t contents = 0;    ///< a mark of the text; 0 where nobody knows it

  /// Whether stat(2) says the same of both.
  [[nodiscard]] bool looks_like(const FileStamp& other) const noexcept;
};

/// What stat(2) says now. Follows symbolic links.
[[nodiscard]] FileStamp stamp_of(const std::string& path);

/// A file as it was when somebody read it.
struct StampedFile {
  std::string path;  ///< absolute
  FileStamp stamp;
};

/// Takes the stamp of `path`, relative to the working directory now. To be called before the file is read.
[[nodiscard]] StampedFile stamped(const std::string& path);

/// Tells texts apart; never 0. The same in a process and in those that it forks, not elsewhere.
[[nodiscard]] std::uint64_t contents_mark(std::string_view text) noexcept;

/// Files that are looked at from time to time.
class FileStamps {
 public:
  void add(StampedFile file) { files_.push_back({std::move(file), std::nullopt}); }

  /// Looks at each. True when one has changed, once per change: another file under the name, another size or
  /// time of modification, and other contents as far as they were known. A change counts when two looks one
  /// after the other find the same state: somebody may still be writing.
  [[nodiscard]] bool look();

  /// The last look has found changes that may not be over: look again soon.
  [[nodiscard]] bool is_unsettled() const noexcept { return unsettled_; }

 private:
  struct Entry {
    StampedFile known;
    std::optional<FileStamp> seen;  ///< at the last look, when it was not the known one
  };

  [[nodiscard]] static bool has_other_contents(const StampedFile& known, const FileStamp& now);

  std::vector<Entry> files_;
  bool unsettled_ = false;
};

}  // namespace uflush
