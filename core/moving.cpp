#include "core/moving.hpp"

#include <chrono>
#include <cstddef>
#include <iterator>
#include <utility>

#include "core/give_way.hpp"
#include "core/log_in_pieces.hpp"
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

/// More lines than this are not kept in memory.
constexpr std::size_t stayed_bytes_max = 1024UL * 1024;

void note_stayed(Moved& moved, const std::vector<std::string>& queue_ids) {
  for (const std::string& id : queue_ids) {
    moved.too_many_stayed = moved.too_many_stayed || moved.stayed.size() + id.size() >= stayed_bytes_max;
    if (!moved.too_many_stayed) moved.stayed.append(id).push_back('\n');
  }
}

void append(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

}  // namespace

Moved move_in_one_go(const SpoolAccess& spool, std::string_view log_name, LogSource& lines) {
  const std::time_t now = spool.loop.wall_time();
  Toucher toucher(spool, now, log_name, lines);
  QueueFileMover mover(spool.files, spool.layout, now);
  Moved moved;
  bool more = !lines.at_end();
  while (more && moved.is_complete()) {
    Toucher::Slice slice = toucher.next(files_per_slice);
    append(moved.notes, std::move(slice.notes));
    append(moved.warnings, std::move(slice.warnings));
    append(moved.warnings, rename_all(spool, mover, slice.in_deferred));
    note_stayed(moved, slice.stayed);
    note_stayed(moved, mover.take_stayed());
    moved.failure = slice.read_error;
    if (slice.ran_short || mover.ran_short()) moved.failure = Error{EMFILE};
    more = !slice.is_last;
  }
  return moved;
}

/// While one thread renames a slice, another one touches the next: renames are what takes most of the time,
/// and the kernel makes them one by one.
Task<Moved> move_in_slices(SpoolAccess& spool, std::string_view log_name, LogSource& lines, StopToken stop) {
  Moved moved;
  if (lines.at_end()) co_return moved;
  const std::time_t now = spool.loop.wall_time();
  Toucher toucher(spool, now, log_name, lines);
  QueueFileMover mover(spool.files, spool.layout, now);
  Toucher::Slice slice;
  std::size_t slice_files = files_in_first_slice;
  auto touch_next = [&] { return toucher.next(slice_files); };
  auto rename_slice = [&] { return rename_all(spool, mover, slice.in_deferred); };
  slice = co_await in_pool(spool.work_pool, touch_next);
  slice_files = files_per_slice;
  Instant next_scan = spool.loop.now();
  while (!stop.stop_requested()) {
    co_await log_in_pieces(spool.loop, spool.log, Severity::info, slice.notes);
    co_await log_in_pieces(spool.loop, spool.log, Severity::warning, slice.warnings);
    auto touching = in_pool(spool.work_pool, touch_next);
    if (!slice.is_last) touching.start();
    const std::vector<std::string> warnings = co_await in_pool(spool.work_pool, rename_slice);
    co_await log_in_pieces(spool.loop, spool.log, Severity::warning, warnings);
    note_stayed(moved, slice.stayed);
    note_stayed(moved, mover.take_stayed());
    moved.failure = slice.read_error;
    if (slice.ran_short || mover.ran_short()) moved.failure = Error{EMFILE};
    const bool is_last = slice.is_last;
    if (!is_last) slice = co_await touching;
    if (is_last || !moved.is_complete()) co_return moved;
    if (spool.loop.now() >= next_scan) {
      co_await spool.queue_manager.trigger(QueueTrigger::scan_incoming);
      next_scan = spool.loop.now() + scan_interval;
    }
  }
  moved.failure = Error{ECANCELED};
  co_return moved;
}

}  // namespace uflush
