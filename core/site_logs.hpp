/// The logfiles of all sites: batched appends, a bounded set of open files.
///
/// Adds that arrive in the same turn of the loop for the same site become one append, made at the end of the
/// turn in the loop's thread, under a lock that may have been kept since the last one (core/kept_locks.hpp).
/// Only when the file is not open yet, the lock is taken, or answers wait for the disk, does that site's
/// batch go on in the background; the site's next adds gather meanwhile in the next batch, and other sites
/// are not touched. Each caller is answered when the append that holds its line is over.
///
/// No append of ours holds a lock while a coroutine of ours waits for one (core/lock_waits.hpp): appends take
/// it and give it back without a pause, and do not keep it while one of our own sends claims the log.
#pragma once

#include <coroutine>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "core/config.hpp"
#include "core/kept_locks.hpp"
#include "core/keyed_hash.hpp"
#include "core/lock_waits.hpp"
#include "core/log.hpp"
#include "core/logfile.hpp"
#include "core/name_news.hpp"
#include "core/open_logs.hpp"
#include "io/blocking_pool.hpp"
#include "io/loop.hpp"
#include "protocol/queue_path.hpp"

namespace uflush {

/// Lines of one site that are written together.
struct AppendBatch : boost::intrusive_ref_counter<AppendBatch, boost::thread_unsafe_counter> {
  std::string lines;
  std::size_t landed_bytes = 0;
  bool settled = false;
  boost::container::small_vector<std::coroutine_handle<>, 2> waiters;
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

class SiteLogs;

/// One site's logfile and what is about to be written to it. Shared by those who may add to it; goes with the
/// last of them.
class SiteLog : public boost::intrusive_ref_counter<SiteLog, boost::thread_unsafe_counter> {
 public:
  SiteLog(SiteLogs& owner, FileSystem& files, std::string name, std::string path)
      : file(files, std::move(name), std::move(path)), lock(file), open(file, lock), owner_(owner) {}
  SiteLog(const SiteLog&) = delete;
  SiteLog& operator=(const SiteLog&) = delete;
  ~SiteLog();

  AppendFile file;
  KeptLock lock;
  OpenLog open;
  /// When its name was covered, and found to lead to the file, or the file opened afterwards.
  NameNews::Era covered_in = NameNews::never;
  boost::intrusive_ptr<AppendBatch> gathering;  ///< the batch that takes lines; empty when there are none
  bool queued = false;                          ///< will be looked at when the turn ends
  LockWait* waiting = nullptr;                  ///< while a batch waits for the lock

 private:
  SiteLogs& owner_;
};
using SiteLogPtr = boost::intrusive_ptr<SiteLog>;

class SiteLogs final : private TurnEnd {
 public:
  /// `work_pool` is for jobs that open files. Borrows everything.
  SiteLogs(Loop& loop, Pool& work_pool, FileSystem& files, const QueueLayout& layout, Durability durability,
           const OpenLogsPolicy& policy, Log& log);
  SiteLogs(const SiteLogs&) = delete;
  SiteLogs& operator=(const SiteLogs&) = delete;
  ~SiteLogs() override;

  /// The log called `name` (core/site_name.hpp). Must not outlive this.
  [[nodiscard]] SiteLogPtr find(std::string_view name);

  /// Adds one line. Await the answer.
  [[nodiscard]] Append append(SiteLog& site, std::string_view queue_id);

  /// So many clients need a descriptor each: closes what is open beyond that.
  void leave_room_for(std::size_t clients) noexcept { open_.leave_room_for(clients); }
  /// Closes up to `count` logs that nobody is using. False when there are none.
  bool close_idle(std::size_t count) noexcept { return open_.close_idle(count); }

  /// While it lasts, a send of this process wants or has the lock of the log `name`: a kept lock is released,
  /// and none is kept. When it goes, an append that waits for the lock tries again. One claim per log at a
  /// time.
  class [[nodiscard]] Claim {
   public:
    /// Borrows both.
    Claim(SiteLogs& logs, const std::string& name);
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim();

   private:
    SiteLogs& logs_;
    const std::string& name_;
  };

  /// For sends, which wait for the same locks.
  [[nodiscard]] LockWaits& lock_waits() noexcept { return lock_waits_; }
  /// Appends and sends that wait for a lock fail from now on: the process has to come to its end.
  void stop_waiting_for_locks() noexcept { lock_waits_.give_up(); }

  /// Whether the log called `name` is open for appends.
  [[nodiscard]] bool is_open(std::string_view name) const;

  /// Waits for what is on its way. No appends after that.
  Task<void> close();

 private:
  friend class SiteLog;

  /// Lines that were written to a file whose name is covered, until there are no news of it.
  struct Written {
    SiteLogPtr site;
    boost::intrusive_ptr<AppendBatch> batch;
    AppendOutcome outcome;
  };

  /// Lines for a log for which the disk may have to be asked.
  struct Cold {
    SiteLogPtr site;
    boost::intrusive_ptr<AppendBatch> batch;
    AppendOutcome outcome;
  };

  [[nodiscard]] SiteLog* known(std::string_view name) const;
  void on_turn_end() override;
  [[nodiscard]] bool is_claimed(const SiteLog& site) const {
    return !claimed_.empty() && claimed_.contains(site.file.name());
  }
  void queue(SiteLog& site);
  void write(SiteLog& site);
  void cover(SiteLog& site);
  void leave_to_worker(SiteLog& site, boost::intrusive_ptr<AppendBatch> batch);
  void send_cold_to_worker();
  Task<void> append_cold(std::vector<Cold> logs);
  void write_and_look(SiteLog& site, const boost::intrusive_ptr<AppendBatch>& batch);
  void note_look(SiteLog& site, const AppendOutcome& outcome);
  void settle_written();
  void confirm_written();
  void take_news();
  Task<void> take_news_when_idle();
  void finish(SiteLog& site, const boost::intrusive_ptr<AppendBatch>& batch, AppendOutcome outcome);
  Task<void> write_in_background(SiteLogPtr site, boost::intrusive_ptr<AppendBatch> batch,
                                 AppendOutcome outcome);
  void conclude(SiteLog& site, AppendBatch& batch, const AppendOutcome& outcome);
  [[nodiscard]] bool is_over(const AppendOutcome& outcome) const noexcept;
  Task<AppendOutcome> append_when_free(SiteLog& site, const AppendBatch& batch);
  Task<Result<void>> sync(const SiteLog& site, bool name_too);
  void settle(AppendBatch& batch, const AppendOutcome& outcome);

  Loop& loop_;
  Pool& work_pool_;
  FileSystem& files_;
  const QueueLayout& layout_;
  Durability durability_;
  Log& log_;
  Scope background_;
  StopSource closing_;
  KeptLocks locks_;
  LockWaits lock_waits_;
  std::unordered_set<std::string_view> claimed_;  ///< names of logs
  OpenLogs open_;
  NameNews names_;
  bool awaits_news_ = false;
  std::unordered_map<std::string_view, SiteLog*, KeyedTextHash>
      by_name_;  ///< the names are those of the logs
  std::vector<SiteLogPtr> queued_;
  std::vector<SiteLogPtr> due_;
  std::vector<Written> written_;
  std::vector<Cold> cold_;
};

}  // namespace uflush
