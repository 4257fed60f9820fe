#include "core/sender.hpp"

#include <random>

#include "core/log_reader.hpp"
#include "core/logfile.hpp"
#include "core/queue_file.hpp"

namespace uflush {
namespace {

/// Lines that are sorted by directory together. Larger lists go easier on directories, smaller ones start
/// earlier.
constexpr std::size_t lines_per_list = 16384;
/// Files per trip to the pool: about 10 ms of renames.
constexpr std::size_t files_per_slice = 512;
/// The first slice is short, so that the queue manager gets to work at once.
constexpr std::size_t files_in_first_slice = 128;
/// How often a long send tells the queue manager that there is more.
constexpr std::chrono::milliseconds scan_interval{500};

}  // namespace

Sender::Sender(SpoolAccess& spool) : spool_(spool), last_mark_(static_cast<long>(std::random_device{}())) {}

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
  auto opened = spool_.files.open(current_directory, path.c_str(), FileSystem::Open::read_write);
  if (!opened && opened.error().number == ENOENT) co_return Status::ok;
  if (!opened) co_return failed(name, "open", opened.error());
  const File file = std::move(opened).value();

  if (cause == Cause::send_site) co_await spool_.queue_manager.trigger(QueueTrigger::unthrottle);
  auto read = [&, mark = next_mark()] {
    return read_logfile(spool_.files, file.handle(), spool_.loop.wall_time(), mark);
  };
  const auto contents = co_await in_pool(spool_.waiting_pool, read);
  if (!contents) co_return failed(name, "read", contents.error());

  const auto moved = co_await move_all(name, contents.value().lines, stop);
  if (!moved) {
    co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);  // for those that were moved
    co_return Status::fail;
  }
  auto drop = [&] {
    return drop_handled_lines(spool_.files, file.handle(), path, contents.value(), spool_.loop.wall_time(),
                              spool_.config.uflush_durability);
  };
  const auto dropped = co_await in_pool(spool_.waiting_pool, drop);
  if (!contents.value().lines.empty()) co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);
  if (!dropped) co_return failed(name, "truncate", dropped.error());
  co_return Status::ok;
}

Task<Result<bool>> Sender::move_all(const std::string& name, std::string_view contents, StopToken stop) {
  QueueFileMover mover(spool_.files, spool_.layout, spool_.loop.wall_time());
  LogReader reader(contents, name, spool_.layout);
  MoveList list;
  std::size_t position = 0;
  std::size_t slice_files = files_in_first_slice;
  Instant next_scan = spool_.loop.now();
  auto slice = [&] {
    if (position == list.queue_ids.size()) {
      list = reader.next(lines_per_list);
      position = 0;
    }
    const std::size_t end = std::min(list.queue_ids.size(), position + slice_files);
    for (; position < end; ++position) mover.move(list.queue_ids[position]);
    mover.close_directories();
    return !reader.at_end() || position < list.queue_ids.size();
  };
  bool more = !contents.empty();
  while (more) {
    if (stop.stop_requested()) co_return Error{ECANCELED};
    more = co_await in_pool(spool_.work_pool, slice);
    slice_files = files_per_slice;
    for (const std::string& warning : std::exchange(list.warnings, {})) spool_.log.warning("{}", warning);
    for (const std::string& warning : mover.take_warnings()) spool_.log.warning("{}", warning);
    if (mover.ran_short()) co_return Error{EMFILE};
    if (more && spool_.loop.now() >= next_scan) {
      co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);
      next_scan = spool_.loop.now() + scan_interval;
    }
  }
  co_return true;
}

Task<Status> Sender::send_file(std::string queue_id) {
  QueueFileMover mover(spool_.files, spool_.layout, spool_.loop.wall_time());
  auto move = [&] { return mover.move_unthrottled(queue_id); };
  const bool found = co_await in_pool(spool_.work_pool, move);
  for (const std::string& warning : mover.take_warnings()) spool_.log.warning("{}", warning);
  if (found) co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);
  co_return Status::ok;
}

}  // namespace uflush
