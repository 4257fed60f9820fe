/// The file of one site: queue IDs of its deferred mail, one per line, emptied after a send.
///
/// Synchronous code for the loop thread (with `Lock::try_now`) and for jobs. Every access holds the lock that
/// Postfix's own processes also take (flock), so both daemons may work on one spool.
///
/// Races closed here: another process unlinks or replaces the file between our open and our write (found by
/// looking where the name leads afterwards, or by news of it, the lines are written again). Race that stays:
/// the reference looks at an empty log and unlinks it without the lock; what lands between its look and its
/// unlink is gone (BEHAVIOUR.md 10.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "core/config.hpp"
#include "io/file_system.hpp"
#include "io/result.hpp"

namespace uflush {

/// What became of lines that were to be appended.
struct AppendOutcome {
  enum class Kind : std::uint8_t {
    written,  ///< `landed_bytes` of them, whole lines
    locked,   ///< somebody else has the lock, nothing was done (only with Lock::try_now)
    failed,   ///< `landed_bytes` landed all the same, whole lines; `failure` says what went wrong
  };
  Kind kind = Kind::written;
  std::size_t landed_bytes = 0;
  bool was_empty = false;  ///< the lines are the first of this file
  std::string failure;     ///< text for the log, in the reference's words
  bool fatal = false;      ///< the reference logs it as fatal
};

/// A logfile open for appending. Opens lazily and again when the name points at another file.
class AppendFile {
 public:
  /// `name` is the log name, for messages; `path` is relative to the queue directory.
  AppendFile(FileSystem& files, std::string name, std::string path)
      : files_(files), name_(std::move(name)), path_(std::move(path)) {}

  /// How to find out that the name no longer leads to the open file.
  enum class Names : std::uint8_t {
    look,  ///< by looking; the lines are written again
    news,  ///< not here: the caller has had the name covered since before it was opened (core/name_news.hpp)
  };
  /// Appends whole lines in one write under the lock. A half line that a full disk leaves is taken away
  /// again. What is reached by a symbolic link is always looked at.
  [[nodiscard]] AppendOutcome append(std::string_view lines, FileSystem::Lock patience,
                                     Names names = Names::look);
  /// Leaves the file locked from the next append on (core/kept_locks.hpp), until `release_lock`.
  void keep_lock() noexcept { keeps_lock_ = true; }
  void release_lock() noexcept;

  /// A look: whether the name leads to the open file.
  [[nodiscard]] bool has_its_name();
  /// The open file was reached by a symbolic link.
  [[nodiscard]] bool is_linked_to() const noexcept { return is_linked_to_; }

  /// The next append opens it again.
  void close() noexcept;

  [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(file_); }
  [[nodiscard]] FileHandle handle() const noexcept { return file_.handle(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  [[nodiscard]] Result<void> open();
  /// Nothing when the name no longer leads to the open file.
  [[nodiscard]] std::optional<AppendOutcome> append_to_open_file(std::string_view lines,
                                                                 FileSystem::Lock patience, Names names);
  [[nodiscard]] std::optional<AppendOutcome> append_locked(std::string_view lines, Names names);
  [[nodiscard]] Result<void> get_to_know();
  [[nodiscard]] Result<bool> look();
  [[nodiscard]] AppendOutcome write_lines(std::string_view lines);
  [[nodiscard]] AppendOutcome fatal(std::string_view operation, Error error) const;
  [[nodiscard]] std::size_t drop_half_line(std::string_view written);

  FileSystem& files_;
  std::string name_;
  std::string path_;
  File file_;
  bool keeps_lock_ = false;
  bool is_locked_ = false;
  bool is_linked_to_ = false;
  bool is_known_ = false;  ///< what follows is, of the open file
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  bool is_empty_ = false;      ///< so it was found, and nothing was appended yet
  bool end_is_known_ = false;  ///< somebody has looked whether it ends with a whole line
  bool half_line_left_ =
      false;  ///< it does not: a full disk, or a crash of the machine, has cut its last line
};

/// Makes the missing directories above `path`, mode 0700, as the reference does for logfiles and queue files.
[[nodiscard]] Result<void> make_parent_directories(FileSystem& files, const std::string& path);

/// What a send has read.
struct LogContents {
  std::string lines;
  /// The file's access time since then, down to the nanosecond. Whoever sends the same log meanwhile changes
  /// it; adds do not.
  std::time_t mark = 0;
  long mark_nanoseconds = 0;
};

/// Locks the file, whose name is `path`, reads everything, and leaves a mark: `now` and `nanoseconds` (not 0,
/// and another number each time) as the access time. EWOULDBLOCK with Lock::try_now when somebody else has
/// the lock.
[[nodiscard]] Result<LogContents> read_logfile(FileSystem& files, FileHandle file, const std::string& path,
                                               std::time_t now, long nanoseconds, FileSystem::Lock patience);

/// Takes the lines of `handled` out of the file, and sets the time stamps of `path` to `now` (which tells
/// refresh that the log has been looked at).
///
/// Under the lock, and only while the file still begins with those lines and bears the mark: another flush
/// process may have emptied it, and the same IDs may have been added again. Lines that came in meanwhile
/// stay. At no instant is one of them missing or cut: they are copied to the front of the file while they
/// still stand at its end, then the file is cut at the end of the copy. Where the copy does not fit into
/// `handled`, the file stays as it is: lines that are looked at twice do no harm. EWOULDBLOCK as above.
[[nodiscard]] Result<void> drop_handled_lines(FileSystem& files, FileHandle file, const std::string& path,
                                              const LogContents& handled, std::time_t now,
                                              Durability durability, FileSystem::Lock patience);

/// Where a copy of `arrived` can end within `handled`: the end of a line of `handled`, with room for a line
/// of filler in between when it is not an exact fit. npos when there is no such place.
[[nodiscard]] std::size_t place_for_copy(std::string_view handled, std::size_t arrived_bytes);

}  // namespace uflush
