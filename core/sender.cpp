#include "core/sender.hpp"

#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <sys/random.h>

#include "core/log_reader.hpp"
#include "core/logfile.hpp"
#include "core/queue_file.hpp"

namespace uflush {
namespace {

/// Lines that are sorted by directory together. Larger lists go easier on directories, smaller ones start
/// earlier.
constexpr std::size_t lines_per_list = 16384;
/// Those of the first list: it must not keep the first slice waiting.
constexpr std::size_t lines_in_first_list = 1024;
/// Files per trip to the pool: 5 to 20 ms of renames.
constexpr std::size_t files_per_slice = 1024;
/// The first slice is short, so that the queue manager gets to work at once.
constexpr std::size_t files_in_first_slice = 128;
/// Shorter logs are handled in a single trip to the pool, the way there and back takes longer than the work.
constexpr std::size_t short_log_bytes = 1024;
/// How often a long send tells the queue manager that there is more.
constexpr std::chrono::milliseconds scan_interval{500};

/// The first of the two steps of moving messages, a slice at a time. It finds the directory entries and
/// inodes, from the disk if need be, which the second step then has at hand.
class Toucher {
 public:
  /// `verbose`: with notes.
  Toucher(SpoolAccess& spool, std::time_t now, std::string_view log_name, std::string_view contents)
      : mover_(spool.files, spool.layout, now),
        reader_(contents, log_name, spool.layout),
        log_name_(log_name),
        verbose_(spool.log.verbose() > 0) {}

  struct Slice {
    std::vector<std::string_view> in_deferred;  ///< to be renamed, in this order
    std::vector<std::string> notes;             ///< for the verbose log
    std::vector<std::string> warnings;
    bool is_last = false;
    bool ran_short = false;
  };

  [[nodiscard]] Slice next(std::size_t files_max) {
    Slice slice;
    if (position_ == list_.queue_ids.size()) {
      list_ = reader_.next(std::exchange(lines_, lines_per_list));
      position_ = 0;
      slice.warnings = std::move(list_.warnings);
      if (verbose_) note(slice, list_.repeated, "skip queue file {} as duplicate");
    }
    const std::size_t end = std::min(list_.queue_ids.size(), position_ + files_max);
    if (verbose_)
      note(slice, std::span(list_.queue_ids).subspan(position_, end - position_),
           "update queue file {} time stamps");
    for (; position_ < end; ++position_) {
      const std::string_view id = list_.queue_ids[position_];
      if (mover_.touch(id) == QueueFileMover::Queue::deferred) slice.in_deferred.push_back(id);
    }
    mover_.close_directories();
    for (std::string& warning : mover_.take_warnings()) slice.warnings.push_back(std::move(warning));
    slice.is_last = reader_.at_end() && position_ == list_.queue_ids.size();
    slice.ran_short = mover_.ran_short();
    return slice;
  }

 private:
  /// In the words of the reference.
  void note(Slice& slice, std::span<const std::string_view> ids,
            fmt::format_string<std::string_view&> what) const {
    for (std::string_view id : ids)
      slice.notes.push_back(fmt::format("flush_send_path: logfile {}: ", log_name_) + fmt::format(what, id));
  }

  QueueFileMover mover_;
  LogReader reader_;
  std::string_view log_name_;
  bool verbose_;
  MoveList list_;
  std::size_t lines_ = lines_in_first_list;
  std::size_t position_ = 0;
};

std::vector<std::string> rename_all(QueueFileMover& mover, const std::vector<std::string_view>& in_deferred) {
  for (const std::string_view id : in_deferred) mover.rename_to_incoming(id);
  mover.close_directories();
  return mover.take_warnings();
}

bool is_locked(const Error& error) {
  return error.number == EWOULDBLOCK;
}

/// Where the marks of this process begin: not where those of another one do. std::random_device would ask the
/// processor seven times what it can do, which takes 8 us each in a virtual machine.
long random_mark() {
  std::uint32_t mark = 0;
  [[maybe_unused]] const ssize_t filled = ::getrandom(&mark, sizeof mark, GRND_INSECURE);
  return mark;
}

}  // namespace

/// What a single trip to the pool came to.
struct Sender::Attempt {
  Result<LogContents> contents = Error{EWOULDBLOCK};
  bool moved = false;
  bool ran_short = false;  ///< of descriptors or memory
  Result<void> dropped = Error{EWOULDBLOCK};
  std::vector<std::string> notes;
  std::vector<std::string> warnings;
};

Sender::Sender(SpoolAccess& spool, SiteLogs& logs)
    : spool_(spool), logs_(logs), last_mark_(random_mark()) {}

Task<Status> Sender::send(std::string name, Cause cause, StopToken stop) {
  auto& turn = turns_[name];
  if (!turn) turn = std::make_unique<Mutex>(spool_.loop);
  Mutex& mutex = *turn;
  Status status = Status::ok;
  {
    const auto guard = co_await mutex.lock();
    status = co_await send_in_turn(name, cause, stop);
  }
  if (mutex.is_free()) turns_.erase(name);
  co_return status;
}

long Sender::next_mark() {
  constexpr long marks = 999'999'999;
  last_mark_ = last_mark_ % marks + 1;
  return last_mark_;
}

Status Sender::failed(const std::string& name, std::string_view operation, Error error) {
  spool_.log.fatal("flush_send_path: {} fast flush logfile {}: {}", operation, name, error.message());
  return Status::fail;
}

Task<Status> Sender::send_in_turn(const std::string& name, Cause cause, StopToken stop) {
  const std::string path = spool_.layout.path("flush", name);
  logs_.give_back_lease(name);
  auto opened = spool_.files.open(current_directory, path.c_str(), FileSystem::Open::read_write);
  if (!opened && opened.error().number == ENOENT) co_return Status::ok;
  if (!opened) co_return failed(name, "open", opened.error());
  const File file = std::move(opened).value();

  if (cause == Cause::send_site) co_await spool_.queue_manager.trigger(QueueTrigger::unthrottle);
  const long mark = next_mark();
  auto at_once = [&] { return try_at_once(name, file.handle(), path, mark); };
  Attempt attempt = co_await in_pool(spool_.work_pool, at_once);
  for (const std::string& note : attempt.notes) spool_.log.info("{}", note);
  warn(attempt.warnings);

  // Whatever remains: the log is long, or somebody has its lock.
  Result<LogContents>& contents = attempt.contents;
  if (!contents && is_locked(contents.error())) {
    auto read = [&] {
      return read_logfile(spool_.files, file.handle(), spool_.loop.wall_time(), mark, FileSystem::Lock::wait);
    };
    contents = co_await in_pool(spool_.waiting_pool, read);
  }
  if (!contents) co_return failed(name, "read", contents.error());
  Result<void> moved = Error{EMFILE};
  if (attempt.moved) {
    moved = outcome::success();
  } else if (!attempt.ran_short) {
    moved = co_await move_all(name, contents.value().lines, stop);
  }
  if (!moved) {
    co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);  // for those that were moved
    co_return Status::fail;
  }
  Result<void>& dropped = attempt.dropped;
  if (!dropped && is_locked(dropped.error())) {
    auto drop = [&] { return drop_lines(file.handle(), path, contents.value(), FileSystem::Lock::wait); };
    dropped = co_await in_pool(spool_.waiting_pool, drop);
  }
  if (!contents.value().lines.empty()) {
    if (spool_.log.verbose() > 0)
      spool_.log.info("flush_send_path: requesting delivery for logfile {}", name);
    co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);
  }
  if (!dropped) co_return failed(name, "truncate", dropped.error());
  co_return Status::ok;
}

/// A job: all of a send, if the log is short and nobody has its lock.
Sender::Attempt Sender::try_at_once(const std::string& name, FileHandle file, const std::string& path,
                                    long mark) const {
  const std::time_t now = spool_.loop.wall_time();
  Attempt attempt;
  attempt.contents = read_logfile(spool_.files, file, now, mark, FileSystem::Lock::try_now);
  if (!attempt.contents) return attempt;
  const LogContents& contents = attempt.contents.value();
  if (contents.lines.size() > short_log_bytes) return attempt;
  Toucher toucher(spool_, now, name, contents.lines);
  QueueFileMover mover(spool_.files, spool_.layout, now);
  const auto keep = [](std::vector<std::string>& all, std::vector<std::string> more) {
    all.insert(all.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
  };
  bool more = !contents.lines.empty();
  while (more && !attempt.ran_short) {
    Toucher::Slice slice = toucher.next(files_per_slice);
    keep(attempt.notes, std::move(slice.notes));
    keep(attempt.warnings, std::move(slice.warnings));
    keep(attempt.warnings, rename_all(mover, slice.in_deferred));
    attempt.ran_short = slice.ran_short || mover.ran_short();
    more = !slice.is_last;
  }
  if (attempt.ran_short) return attempt;
  attempt.moved = true;
  attempt.dropped = drop_lines(file, path, contents, FileSystem::Lock::try_now);
  return attempt;
}

Result<void> Sender::drop_lines(FileHandle file, const std::string& path, const LogContents& handled,
                                FileSystem::Lock patience) const {
  return drop_handled_lines(spool_.files, file, path, handled, spool_.loop.wall_time(),
                            spool_.config.uflush_durability, patience);
}

/// While one thread renames a slice, another one touches the next: renames are what takes most of the time,
/// and the kernel makes them one by one.
Task<Result<void>> Sender::move_all(const std::string& name, std::string_view contents, StopToken stop) {
  if (contents.empty()) co_return outcome::success();
  const std::time_t now = spool_.loop.wall_time();
  Toucher toucher(spool_, now, name, contents);
  QueueFileMover mover(spool_.files, spool_.layout, now);
  Toucher::Slice slice;
  std::size_t slice_files = files_in_first_slice;
  auto touch_next = [&] { return toucher.next(slice_files); };
  auto rename_slice = [&] { return rename_all(mover, slice.in_deferred); };
  slice = co_await in_pool(spool_.work_pool, touch_next);
  slice_files = files_per_slice;
  Instant next_scan = spool_.loop.now();
  while (!stop.stop_requested()) {
    for (const std::string& note : slice.notes) spool_.log.info("{}", note);
    warn(slice.warnings);
    auto touching = in_pool(spool_.work_pool, touch_next);
    if (!slice.is_last) touching.start();
    const std::vector<std::string> warnings = co_await in_pool(spool_.work_pool, rename_slice);
    warn(warnings);
    const bool ran_short = slice.ran_short || mover.ran_short();
    const bool is_last = slice.is_last;
    if (!is_last) slice = co_await touching;
    if (ran_short) co_return Error{EMFILE};
    if (is_last) co_return outcome::success();
    if (spool_.loop.now() >= next_scan) {
      co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);
      next_scan = spool_.loop.now() + scan_interval;
    }
  }
  co_return Error{ECANCELED};
}

void Sender::warn(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) spool_.log.warning("{}", text);
}

Task<Status> Sender::send_file(std::string queue_id) {
  if (spool_.log.verbose() > 0)
    spool_.log.info("flush_send_file_service: requesting delivery for queue_id {}", queue_id);
  QueueFileMover mover(spool_.files, spool_.layout, spool_.loop.wall_time());
  auto move = [&] { return mover.move_unthrottled(queue_id); };
  const bool found = co_await in_pool(spool_.work_pool, move);
  warn(mover.take_warnings());
  if (found) co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);
  co_return Status::ok;
}

}  // namespace uflush
