#include "core/moving.hpp"

#include <chrono>
#include <cstddef>
#include <iterator>
#include <utility>

#include "core/give_way.hpp"
#include "core/queue_file.hpp"
#include "core/toucher.hpp"

namespace uflush {
namespace {

/// Files per trip to the pool: 5 to 20 ms of renames.
constexpr std::size_t files_per_slice = 1024;
/// The first slice is short, so that the queue manager gets to work at once.
constexpr std::size_t files_in_first_slice = 128;
/// How often a long send tells the queue manager that there is more.
constexpr std::chrono::milliseconds scan_interval{500};

std::vector<std::string> rename_all(const SpoolAccess& spool, QueueFileMover& mover,
                                    const std::vector<std::string_view>& in_deferred) {
  GiveWay give_way(spool.loop.ring());
  for (const std::string_view id : in_deferred) {
    mover.rename_to_incoming(id);
    give_way.after_a_file();
  }
  mover.close_directories();
  return mover.take_warnings();
}

void append(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

}  // namespace

Moved move_in_one_go(const SpoolAccess& spool, std::string_view log_name, std::string_view contents) {
  const std::time_t now = spool.loop.wall_time();
  Toucher toucher(spool, now, log_name, contents);
  QueueFileMover mover(spool.files, spool.layout, now);
  Moved moved;
  bool more = !contents.empty();
  while (more && !moved.ran_short) {
    Toucher::Slice slice = toucher.next(files_per_slice);
    append(moved.notes, std::move(slice.notes));
    append(moved.warnings, std::move(slice.warnings));
    append(moved.warnings, rename_all(spool, mover, slice.in_deferred));
    moved.ran_short = slice.ran_short || mover.ran_short();
    more = !slice.is_last;
  }
  return moved;
}

/// While one thread renames a slice, another one touches the next: renames are what takes most of the time,
/// and the kernel makes them one by one.
Task<Result<void>> move_in_slices(SpoolAccess& spool, std::string_view log_name, std::string_view contents,
                                  StopToken stop) {
  if (contents.empty()) co_return outcome::success();
  const std::time_t now = spool.loop.wall_time();
  Toucher toucher(spool, now, log_name, contents);
  QueueFileMover mover(spool.files, spool.layout, now);
  Toucher::Slice slice;
  std::size_t slice_files = files_in_first_slice;
  auto touch_next = [&] { return toucher.next(slice_files); };
  auto rename_slice = [&] { return rename_all(spool, mover, slice.in_deferred); };
  slice = co_await in_pool(spool.work_pool, touch_next);
  slice_files = files_per_slice;
  Instant next_scan = spool.loop.now();
  while (!stop.stop_requested()) {
    spool.log.record_all(Severity::info, slice.notes);
    spool.log.record_all(Severity::warning, slice.warnings);
    auto touching = in_pool(spool.work_pool, touch_next);
    if (!slice.is_last) touching.start();
    const std::vector<std::string> warnings = co_await in_pool(spool.work_pool, rename_slice);
    spool.log.record_all(Severity::warning, warnings);
    const bool ran_short = slice.ran_short || mover.ran_short();
    const bool is_last = slice.is_last;
    if (!is_last) slice = co_await touching;
    if (ran_short) co_return Error{EMFILE};
    if (is_last) co_return outcome::success();
    if (spool.loop.now() >= next_scan) {
      co_await spool.queue_manager.trigger(QueueTrigger::scan_incoming);
      next_scan = spool.loop.now() + scan_interval;
    }
  }
  co_return Error{ECANCELED};
}

}  // namespace uflush
