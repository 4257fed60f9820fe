#include "core/sender.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include <sys/random.h>

#include "core/logfile.hpp"
#include "core/moving.hpp"
#include "core/queue_file.hpp"
#include "io/scope.hpp"

namespace uflush {
namespace {

/// Short logs that share a trip to the pool: about a millisecond, and as many open files.
constexpr std::size_t logs_per_trip = 16;

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

/// A log whose turn it is.
struct Sender::Sending {
  Sending(std::string log_name, Turns::Turn its_turn, std::size_t position_in_list = 0)
      : name(std::move(log_name)), turn(std::move(its_turn)), position(position_in_list) {}

  [[nodiscard]] LogInHand log() const { return {name, path, file.handle(), mark}; }

  std::string name;
  Turns::Turn turn;
  std::size_t position;  ///< in the list of names, if there is one
  std::string path;
  File file;
  long mark = 0;
  ShortSend trip;
};

Sender::Sender(SpoolAccess& spool, SiteLogs& logs)
    : spool_(spool), logs_(logs), last_mark_(random_mark()), turns_(spool.loop) {}

long Sender::next_mark() {
  constexpr long marks = 999'999'999;
  last_mark_ = last_mark_ % marks + 1;
  return last_mark_;
}

Status Sender::failed(const std::string& name, std::string_view operation, Error error) {
  spool_.log.fatal("flush_send_path: {} fast flush logfile {}: {}", operation, name, error.message());
  return Status::fail;
}

/// The one place where a log is opened for a send.
Result<void> Sender::open(Sending& sending) {
  logs_.release_lock(sending.name);
  sending.path = spool_.layout.path("flush", sending.name);
  TRY(file, spool_.files.open(current_directory, sending.path.c_str(), FileSystem::Open::read_write));
  sending.file = std::move(file);
  sending.mark = next_mark();
  return outcome::success();
}

Task<Status> Sender::send(std::string name, StopToken stop) {
  auto turn = co_await turns_.wait_for(name);
  Sending sending(std::move(name), std::move(turn));
  if (const auto opened = open(sending); !opened) {
    if (opened.error().number == ENOENT) co_return Status::ok;
    co_return failed(sending.name, "open", opened.error());
  }
  co_await spool_.queue_manager.trigger(QueueTrigger::unthrottle);
  auto trip = [&] { return try_short_send(spool_, sending.log()); };
  sending.trip = co_await in_pool(spool_.work_pool, trip);
  co_return co_await finish(sending, stop);
}

/// While one hand waits for a long log or a lock, the other one goes on.
Task<void> Sender::send_each(std::span<const std::string> names, StopToken stop) {
  Scope hands;
  hands.spawn(send_from(names, stop));
  if (!names.empty()) hands.spawn(send_from(names, stop));
  co_await hands.join();
}

/// Takes some of `rest` at a time, and sends them, until there are none.
Task<void> Sender::send_from(std::span<const std::string>& rest, StopToken stop) {
  while (!rest.empty()) {
    std::span<const std::string> mine = rest.first(std::min(rest.size(), logs_per_trip));
    rest = rest.subspan(mine.size());
    while (!mine.empty()) {
      if (stop.stop_requested()) co_return;
      mine = mine.subspan(co_await send_some(mine, stop));
    }
  }
}

/// One trip to the pool, for as many of the logs as come to their end on it, and the first one that does not.
/// The order is kept. How many were handled: at least one.
Task<std::size_t> Sender::send_some(std::span<const std::string> names, StopToken stop) {
  std::deque<Sending> run;
  const std::size_t taken = co_await take_up(names, run);
  if (run.empty()) co_return taken;
  auto trip = [&] {
    std::size_t count = 0;
    bool is_complete = true;
    for (; count < run.size() && is_complete; ++count) {
      run[count].trip = try_short_send(spool_, run[count].log());
      is_complete = run[count].trip.is_complete();
    }
    return count;
  };
  const std::size_t handled = co_await in_pool(spool_.work_pool, trip);
  const std::size_t done = handled < run.size() ? run[handled].position : taken;
  while (run.size() > handled) run.pop_back();
  for (; !run.empty(); run.pop_front()) co_await finish(run.front(), stop);
  co_return done;
}

/// Opens logs for a run, until one is met that has to be waited for, or that cannot be opened: it is for
/// another run, where it comes first. How many names were used up.
Task<std::size_t> Sender::take_up(std::span<const std::string> names, std::deque<Sending>& run) {
  for (std::size_t position = 0; position < names.size(); ++position) {
    const std::string& name = names[position];
    std::optional<Turns::Turn> turn = turns_.try_now(name);
    if (!turn && !run.empty()) co_return position;
    if (!turn) turn.emplace(co_await turns_.wait_for(name));
    Sending& sending = run.emplace_back(name, *std::move(turn), position);
    const auto opened = open(sending);
    if (opened) continue;
    run.pop_back();
    if (opened.error().number == ENOENT) continue;
    if (!run.empty()) co_return position;
    failed(name, "open", opened.error());
    co_return position + 1;
  }
  co_return names.size();
}

/// Whatever remains after a trip to the pool: the log is long, or somebody has its lock.
Task<Status> Sender::finish(Sending& sending, StopToken stop) {
  ShortSend& trip = sending.trip;
  spool_.log.record_all(Severity::info, trip.notes);
  spool_.log.record_all(Severity::warning, trip.warnings);
  const LogInHand log = sending.log();
  Result<LogContents>& contents = trip.contents;
  if (!contents && is_locked(contents.error())) {
    auto read = [&] {
      return read_logfile(spool_.files, log.file, log.path, spool_.loop.wall_time(), log.mark,
                          FileSystem::Lock::wait);
    };
    contents = co_await in_pool(spool_.waiting_pool, read);
  }
  if (!contents) co_return failed(log.name, "read", contents.error());
  Result<void> moved = Error{EMFILE};
  if (trip.moved) {
    moved = outcome::success();
  } else if (!trip.ran_short) {
    moved = co_await move_in_slices(spool_, log.name, contents.value().lines, stop);
  }
  if (!moved) {
    co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);  // for those that were moved
    co_return Status::fail;
  }
  if (!trip.dropped && is_locked(trip.dropped.error())) {
    auto drop = [&] { return drop_lines(spool_, log, contents.value(), FileSystem::Lock::wait); };
    trip.dropped = co_await in_pool(spool_.waiting_pool, drop);
  }
  if (!contents.value().lines.empty()) {
    if (spool_.log.verbose() > 0)
      spool_.log.info("flush_send_path: requesting delivery for logfile {}", log.name);
    co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);
  }
  if (!trip.dropped) co_return failed(log.name, "truncate", trip.dropped.error());
  co_return Status::ok;
}

Task<Status> Sender::send_file(std::string queue_id) {
  if (spool_.log.verbose() > 0)
    spool_.log.info("flush_send_file_service: requesting delivery for queue_id {}", queue_id);
  QueueFileMover mover(spool_.files, spool_.layout, spool_.loop.wall_time());
  auto move = [&] { return mover.move_unthrottled(queue_id); };
  const bool found = co_await in_pool(spool_.work_pool, move);
  spool_.log.record_all(Severity::warning, mover.take_warnings());
  if (found) co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);
  co_return Status::ok;
}

}  // namespace uflush
