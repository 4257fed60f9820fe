/// A Postfix queue directory as tests see it: queue files made and found, logfiles read and written.
/// Assumes no hashing (`hash_queue_names` without `flush`; `deferred` hashed to depth 1, as by default).
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace uflush::support {

/// The user that Postfix's daemons run as.
struct MailOwner {
  uid_t uid = 0;
  gid_t gid = 0;
};
[[nodiscard]] MailOwner mail_owner();

/// A line of zeros with which uflush fills a page of a logfile, so that no line of its own straddles two.
[[nodiscard]] bool is_page_filler(std::string_view line);

/// One name below the queue directory.
struct Entry {
  std::string path;  ///< relative to the queue directory
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::int64_t size = 0;
  std::time_t atime = 0;
  std::time_t mtime = 0;
};

/// A view: the directory belongs to somebody else.
class QueueDirectory {
 public:
  explicit QueueDirectory(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }

  /// deferred/A/ABC123 for `ABC123`, owned by the mail system's user; its directory is made when missing.
  void add_deferred(const std::string& id, mode_t mode = 0700) const;
  /// Ids in one queue, sorted; hash directories are walked.
  [[nodiscard]] std::vector<std::string> ids_in(const std::string& queue) const;
  /// The queue's file of that id, hashed or not; absent when there is none.
  [[nodiscard]] std::optional<Entry> queue_file(const std::string& queue, const std::string& id) const;

  /// The logfile's content; absent when there is none. `log_name` as in BEHAVIOUR.md 4.2: `example_com`.
  [[nodiscard]] std::optional<std::string> logfile(std::string_view log_name) const;
  /// Its lines but for those that fill a page; none when there is no file.
  [[nodiscard]] std::vector<std::string> log_lines(std::string_view log_name) const;
  /// Makes or replaces a logfile and sets both its times to `age_s` seconds ago.
  void write_logfile(std::string_view log_name, std::string_view content, std::time_t age_s = 0) const;
  [[nodiscard]] std::vector<std::string> log_names() const;

  /// What no crash and no restart may leave behind, one text per finding: an id in two queues, a logfile that
  /// is not whole lines of valid ids, a logfile with another owner or mode than Postfix's own.
  [[nodiscard]] std::vector<std::string> inconsistencies() const;

  /// Everything below `name`, sorted by path.
  [[nodiscard]] std::vector<Entry> list(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace uflush::support
