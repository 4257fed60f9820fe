/// The logfiles of all sites: batched appends, a bounded set of open files.
///
/// Adds that arrive in the same turn of the loop for the same site become one append, made at the end of the
/// turn in the loop's thread. Only when the lock is taken, or when answers wait for the disk, does that
/// site's batch go on in the background; the site's next adds gather meanwhile in the next batch, and other
/// sites are not touched. Each caller is answered when the append that holds its line is over.
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "core/config.hpp"
#include "core/log.hpp"
#include "core/logfile.hpp"
#include "io/blocking_pool.hpp"
#include "io/loop.hpp"
#include "protocol/queue_path.hpp"

namespace uflush {

/// Lines of one site that are written together.
struct AppendBatch : boost::intrusive_ref_counter<AppendBatch, boost::thread_unsafe_counter> {
  std::string lines;
  std::size_t landed_bytes = 0;
  bool settled = false;
  std::vector<std::coroutine_handle<>> waiters;
};

/// The fate of one line: `const bool landed = co_await append;`
class Append {
 public:
  explicit Append(boost::intrusive_ptr<AppendBatch> batch)
      : batch_(std::move(batch)), end_bytes_(batch_->lines.size()) {}

  [[nodiscard]] bool await_ready() const noexcept { return batch_->settled; }
  void await_suspend(std::coroutine_handle<> waiter) const { batch_->waiters.push_back(waiter); }
  /// True when the line is in the file.
  [[nodiscard]] bool await_resume() const noexcept { return end_bytes_ <= batch_->landed_bytes; }

 private:
  boost::intrusive_ptr<AppendBatch> batch_;
  std::size_t end_bytes_;
};

/// One site's logfile and what is about to be written to it.
class SiteLog : public boost::intrusive::list_base_hook<> {
 public:
  SiteLog(FileSystem& files, std::string name, std::string path)
      : file(files, std::move(name), std::move(path)) {}

  AppendFile file;
  boost::intrusive_ptr<AppendBatch> gathering;  ///< the batch that takes lines; empty when there are none
  bool queued = false;                          ///< will be looked at when the turn ends
  bool busy = false;                            ///< a batch is on its way in the background
};

class SiteLogs final : private TurnEnd {
 public:
  /// `waiting_pool` is for jobs that do nothing but wait for a lock. Borrows everything.
  SiteLogs(Loop& loop, Pool& waiting_pool, FileSystem& files, const QueueLayout& layout,
           Durability durability, Log& log);
  ~SiteLogs() override;

  /// Adds one line to the log called `name` (core/site_name.hpp). Await the answer.
  [[nodiscard]] Append append(std::string_view name, std::string_view queue_id);

  /// Waits for what is on its way. No appends after that.
  Task<void> close();

  /// Open files that are kept at most; the others are closed, least recently used first.
  static constexpr std::size_t open_files_max = 256;

 private:
  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void on_turn_end() override;
  void queue(SiteLog& site);
  void write(SiteLog& site);
  Task<void> write_in_background(SiteLog& site, boost::intrusive_ptr<AppendBatch> batch,
                                 AppendOutcome outcome);
  Task<Result<void>> sync(const SiteLog& site, bool name_too);
  void settle(AppendBatch& batch, const AppendOutcome& outcome);
  SiteLog& find(std::string_view name);
  void close_surplus();
  bool forget_least_recent();

  Loop& loop_;
  Pool& waiting_pool_;
  FileSystem& files_;
  const QueueLayout& layout_;
  Durability durability_;
  Log& log_;
  Scope background_;
  std::unordered_map<std::string, std::unique_ptr<SiteLog>, NameHash, std::equal_to<>> by_name_;
  boost::intrusive::list<SiteLog> recently_used_;  ///< most recent first
  std::vector<SiteLog*> queued_;
  std::vector<SiteLog*> due_;
};

}  // namespace uflush
