#include "core/sender.hpp"

#include <algorithm>
#include <ctime>
#include <deque>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sys/random.h>
#include <unistd.h>

#include "core/log_in_pieces.hpp"
#include "core/logfile.hpp"
#include "core/moving.hpp"
#include "core/queue_file.hpp"
#include "io/optional_calls.hpp"

namespace uflush {
namespace {

/// Short logs that share a trip to the pool: about a millisecond, and as many open files.
constexpr std::size_t logs_per_trip = 16;
/// Logs that refreshes wait for while they go on with others: each has an open file.
constexpr std::size_t aside_max = 256;

bool is_locked(const Error& error) {
  return error.number == EWOULDBLOCK;
}

/// Where the marks of this process begin: not where those of another one do. std::random_device would ask the
/// processor seven times what it can do, which takes 8 us each in a virtual machine.
long random_mark() {
  std::uint32_t mark = 0;
  if (may_use(OptionalCall::getrandom) && ::getrandom(&mark, sizeof mark, GRND_INSECURE) == sizeof mark)
    return mark;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return (now.tv_nsec ^ now.tv_sec ^ static_cast<long>(::getpid()) << 12) & 0xffffffffL;
}

}  // namespace

/// A log whose turn it is.
struct Sender::Sending {
  Sending(std::string log_name, Turns::Turn its_turn, std::size_t position_in_list = 0)
      : name(std::move(log_name)), turn(std::move(its_turn)), position(position_in_list) {}

  [[nodiscard]] LogInHand log() const { return {name, path, file.value().handle(), mark}; }
  /// The trip has met the lock in the hands of another process.
  [[nodiscard]] bool has_to_wait() const {
    if (!file) return false;
    if (!trip.found) return is_locked(trip.found.error());
    return trip.is_moved && trip.moved.is_complete() && !trip.dropped && is_locked(trip.dropped.error());
  }
  /// Nothing is left to do but to report.
  [[nodiscard]] bool is_over() const { return !file || trip.is_complete(); }

  std::string name;
  Turns::Turn turn;
  std::size_t position;  ///< in the list of names, if there is one
  std::string path;
  Result<File> file = Error{ENOENT};
  long mark = 0;
  ShortSend trip;
  std::optional<SiteLogs::Claim> claim;  ///< while the lock is wanted or taken
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

/// What has to be done on the loop's thread before a worker opens a log.
void Sender::prepare(Sending& sending) {
  sending.path = spool_.layout.path("flush", sending.name);
  sending.mark = next_mark();
  sending.claim.emplace(logs_, sending.name);
}

/// The one place where a log is opened for a send. Takes as long as the disk does.
void Sender::open(Sending& sending) const {
  sending.file = open_log(spool_.files, sending.path);
}

/// The same for a log that was not opened.
Status Sender::not_opened(const Sending& sending) {
  const Error why = sending.file.error();
  return why.number == ENOENT ? Status::ok : failed(sending.name, "open", why);
}

Task<Status> Sender::send(std::string name, StopToken stop) {
  co_return co_await send_one(std::move(name), Kind::of_client, stop);
}

Task<Status> Sender::send_one(std::string name, Kind kind, StopToken stop) {
  auto turn = co_await turns_.wait_for(name);
  Sending sending(std::move(name), std::move(turn));
  prepare(sending);
  if (logs_.is_open(sending.name)) {
    open(sending);  // the kernel has at hand what we have open
  } else {
    auto open_it = [&] {
      open(sending);
      return true;
    };
    co_await in_pool(spool_.work_pool, open_it);
  }
  if (!sending.file) co_return not_opened(sending);
  if (kind == Kind::of_client) co_await spool_.queue_manager.trigger(QueueTrigger::unthrottle);
  auto trip = [&] { return try_short_send(spool_, sending.log()); };
  sending.trip = co_await in_pool(spool_.work_pool, trip);
  co_return co_await finish(sending, stop);
}

/// While one hand waits for a long log, the other one goes on.
Task<void> Sender::send_each(std::span<const std::string> names, Scope& aside, StopToken stop) {
  Scope hands;
  hands.spawn(send_from(names, aside, stop));
  if (!names.empty()) hands.spawn(send_from(names, aside, stop));
  co_await hands.join();
}

/// Takes some of `rest` at a time, and sends them, until there are none.
Task<void> Sender::send_from(std::span<const std::string>& rest, Scope& aside, StopToken stop) {
  while (!rest.empty()) {
    std::span<const std::string> mine = rest.first(std::min(rest.size(), logs_per_trip));
    rest = rest.subspan(mine.size());
    while (!mine.empty()) {
      if (stop.stop_requested()) co_return;
      mine = mine.subspan(co_await send_some(mine, aside, stop));
    }
  }
}

/// One trip to the pool, for as many of the logs as come to their end on it, and the first one that does not.
/// The order is kept, but for logs that have to be waited for. How many were handled: at least one.
Task<std::size_t> Sender::send_some(std::span<const std::string> names, Scope& aside, StopToken stop) {
  Sendings run;
  const std::size_t taken = co_await take_up(names, run, aside, stop);
  if (run.empty()) co_return taken;
  auto trip = [&] {
    std::size_t count = 0;
    bool is_complete = true;
    for (; count < run.size() && is_complete; ++count) {
      Sending& sending = *run[count];
      open(sending);
      if (!sending.file) continue;
      sending.trip = try_short_send(spool_, sending.log());
      is_complete = sending.trip.is_complete();
    }
    return count;
  };
  const std::size_t handled = co_await in_pool(spool_.work_pool, trip);
  const std::size_t done = handled < run.size() ? run[handled]->position : taken;
  run.resize(handled);
  for (const auto& sending : run)
    if (sending->is_over()) sending->claim.reset();
  for (auto& sending : run) {
    if (sending->has_to_wait() && aside_ < aside_max) {
      aside.spawn(finish_aside(std::move(sending), stop));
    } else {
      co_await finish(*sending, stop);
      sending.reset();
    }
  }
  co_return done;
}

/// Takes logs into a run, until one is met that has to be waited for and cannot step aside: it is for another
/// run, where it comes first. How many names were used up.
Task<std::size_t> Sender::take_up(std::span<const std::string> names, Sendings& run, Scope& aside,
                                  StopToken stop) {
  for (std::size_t position = 0; position < names.size(); ++position) {
    const std::string& name = names[position];
    std::optional<Turns::Turn> turn = turns_.try_now(name);
    if (!turn && aside_ < aside_max) {
      aside.spawn(send_aside(name, stop));
      continue;
    }
    if (!turn && !run.empty()) co_return position;
    if (!turn) turn.emplace(co_await turns_.wait_for(name));
    run.push_back(std::make_unique<Sending>(name, *std::move(turn), position));
    prepare(*run.back());
  }
  co_return names.size();
}

Task<void> Sender::send_aside(std::string name, StopToken stop) {
  ++aside_;
  co_await send_one(std::move(name), Kind::of_refresh, stop);
  --aside_;
}

Task<void> Sender::finish_aside(std::unique_ptr<Sending> sending, StopToken stop) {
  ++aside_;
  co_await finish(*sending, stop);
  --aside_;
}

/// True when nobody has the lock at this moment. For the loop's thread.
bool Sender::is_free(const Sending& sending) {
  const auto taken = spool_.files.lock(sending.file.value().handle(), FileSystem::Lock::try_now);
  if (!taken) return !is_locked(taken.error());  // the job says what is wrong
  [[maybe_unused]] auto ignored = spool_.files.unlock(sending.file.value().handle());
  return true;
}

/// Runs a job that takes the lock without waiting, returns a Result, and is to be tried again as long as that
/// is EWOULDBLOCK: until somebody has given the lock back, or LockWaits::give_up.
template <typename Job>
auto Sender::run_when_free(Sending& sending, Job& job) -> Task<std::invoke_result_t<Job&>> {
  if (!sending.claim) sending.claim.emplace(logs_, sending.name);
  LockWait wait(logs_.lock_waits(), sending.path);
  auto done = co_await in_pool(spool_.work_pool, job);
  while (!done && is_locked(done.error()) && co_await wait.pause())
    if (is_free(sending)) done = co_await in_pool(spool_.work_pool, job);
  sending.claim.reset();
  co_return std::move(done);
}

/// Whatever remains after a trip to the pool: the log is long, or somebody has its lock.
Task<Status> Sender::finish(Sending& sending, StopToken stop) {
  if (!sending.file) co_return not_opened(sending);
  ShortSend& trip = sending.trip;
  Moved& moved = trip.moved;
  co_await log_in_pieces(spool_.loop, spool_.log, Severity::info, moved.notes);
  co_await log_in_pieces(spool_.loop, spool_.log, Severity::warning, moved.warnings);
  const LogInHand log = sending.log();
  if (!trip.found && is_locked(trip.found.error())) {
    auto find = [&] { return find_lines(spool_, log); };
    trip.found = co_await run_when_free(sending, find);
  }
  sending.claim.reset();
  if (!trip.found) co_return failed(log.name, "read", trip.found.error());
  FoundLog& found = trip.found.value();
  if (!trip.is_moved) moved = co_await move(log, found, stop);
  if (!moved.is_complete()) {
    co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);  // for those that were moved
    co_return Status::fail;
  }
  if (!trip.dropped && is_locked(trip.dropped.error())) {
    auto drop = [&] { return drop_lines(spool_, log, found.part, moved); };
    trip.dropped = co_await run_when_free(sending, drop);
  }
  if (found.part.size_bytes > 0) {
    if (spool_.log.verbose() > 0)
      spool_.log.info("flush_send_path: requesting delivery for logfile {}", log.name);
    co_await spool_.queue_manager.trigger(QueueTrigger::scan_incoming);
  }
  if (!trip.dropped) co_return failed(log.name, "truncate", trip.dropped.error());
  co_return moved.stayed.empty() && !moved.too_many_stayed ? Status::ok : Status::fail;
}

/// Moves what a log lists, as long as it may be.
Task<Moved> Sender::move(const LogInHand& log, FoundLog& found, StopToken stop) {
  TextSource short_text(found.lines);
  FileSource file(spool_.files, log.file, 0, found.is_whole ? 0 : found.part.size_bytes);
  LogSource& lines = found.is_whole ? static_cast<LogSource&>(short_text) : file;
  Moved moved = co_await move_in_slices(spool_, log.name, lines, stop);
  if (!found.is_whole) found.part.digest = file.digest();
  const int failure = moved.failure.number;
  if (failure != 0 && failure != EMFILE && failure != ECANCELED) failed(log.name, "read", moved.failure);
  co_return moved;
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
