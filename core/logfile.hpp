/// The file of one site: queue IDs of its deferred mail, one per line, emptied after a send.
///
/// Synchronous code for the loop thread (which waits for nothing) and for jobs. Every access holds the lock
/// that Postfix's own processes also take (flock), so both daemons may work on one spool.
///
/// Races closed here: another process unlinks or replaces the file between our open and our write (found by
/// looking where the name leads afterwards, or by news of it, the lines are written again). Race that stays:
/// the reference looks at an empty log and unlinks it without the lock; what lands between its look and its
/// unlink is gone (BEHAVIOUR.md 10.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "io/file_system.hpp"
#include "io/result.hpp"

namespace uflush {

/// What became of lines that were to be appended.
struct AppendOutcome {
  enum class Kind : std::uint8_t {
    written,  ///< `landed_bytes` of them, whole lines
    locked,   ///< somebody else has the lock, nothing was done
    cold,     ///< the disk would have to be waited for, nothing was done (only with Patience::none)
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
  /// What an append may wait for. Never for the lock: see core/lock_waits.hpp.
  enum class Patience : std::uint8_t {
    none,  ///< nothing: on the loop's thread. A file that is not open is for a job
    disk,  ///< the disk: in a job
  };
  /// Appends whole lines in one write under the lock, none across the border of two pages
  /// (core/line_layout.hpp). Whenever the lock is newly taken, the end of the file is looked at: half a line
  /// that somebody has left there is ended first. A half line that a full disk leaves is taken away again.
  /// What is reached by a symbolic link is always looked at. What is no regular file fails at once.
  [[nodiscard]] AppendOutcome append(std::string_view lines, Patience patience, Names names = Names::look);
  /// The outcome of an append that has waited for the lock in vain.
  [[nodiscard]] AppendOutcome still_locked() const;
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
  [[nodiscard]] std::optional<AppendOutcome> append_to_open_file(std::string_view lines, Patience patience,
                                                                 Names names);
  [[nodiscard]] std::optional<AppendOutcome> append_locked(std::string_view lines, Names names);
  [[nodiscard]] Result<void> look_at_end();
  [[nodiscard]] bool ends_as_we_left_it(Patience patience, bool& is_cold);
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
  std::uint64_t device_ = 0;  ///< this and what follows: of the open file
  std::uint64_t inode_ = 0;
  bool is_new_ = false;        ///< so it was found, and nothing was appended yet
  bool end_is_known_ = false;  ///< what follows is right, unless somebody else has had the lock
  std::uint64_t size_bytes_ = 0;
  bool half_line_left_ = false;  ///< the last line has no newline: its writer was cut short
};

/// Makes the missing directories above `path`, mode 0700, as the reference does for logfiles and queue files.
[[nodiscard]] Result<void> make_parent_directories(FileSystem& files, const std::string& path);

/// Opens a log for a send: for reading and writing, without waiting for anybody. ENXIO for what is no regular
/// file.
[[nodiscard]] Result<File> open_log(FileSystem& files, const std::string& path);

}  // namespace uflush
