#include "core/site_logs.hpp"

#include <algorithm>
#include <utility>

#include <poll.h>

#include "io/operation.hpp"
#include "io/shortage.hpp"

namespace uflush {
namespace {

/// Logs that one worker opens one after the other: more would wait long for a slow disk.
constexpr std::size_t cold_logs_per_trip = 8;

/// The kernel has a thread wait for the disk, and says so in one of these ways when it can have none.
bool means_no_thread(Error error) {
  return error.number == ECANCELED || error.number == EAGAIN;
}

/// A line that stands in the log is not to fail for want of a thread: then the loop itself waits for the
/// disk.
Task<Result<void>> sync_file(Loop& loop, FileSystem& files, FileHandle file) {
  auto synced = co_await Operation{loop, op::Sync{file}};
  if (synced || !means_no_thread(synced.error())) co_return synced;
  report_shortage(Shortage::threads, synced.error());
  co_return files.sync(file);
}

}  // namespace

SiteLog::~SiteLog() {
  owner_.open_.note_close(open);
  owner_.by_name_.erase(file.name());
}

SiteLogs::SiteLogs(Loop& loop, Pool& work_pool, FileSystem& files, const QueueLayout& layout,
                   Durability durability, const OpenLogsPolicy& policy, Log& log)
    : loop_(loop),
      work_pool_(work_pool),
      files_(files),
      layout_(layout),
      durability_(durability),
      log_(log),
      locks_(loop, background_),
      lock_waits_(loop, files),
      open_(policy, locks_),
      names_(policy.watch) {}

SiteLogs::~SiteLogs() {
  FLUSH_ASSERT(by_name_.empty() && claimed_.empty());
}

SiteLogPtr SiteLogs::find(std::string_view name) {
  if (SiteLog* log = known(name)) return log;
  SiteLogPtr site(new SiteLog(*this, files_, std::string(name), layout_.path("flush", name)));
  by_name_.emplace(site->file.name(), site.get());
  return site;
}

SiteLog* SiteLogs::known(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Append SiteLogs::append(SiteLog& site, std::string_view queue_id) {
  if (!site.gathering) site.gathering = new AppendBatch;
  site.gathering->lines.append(queue_id).push_back('\n');
  queue(site);
  return Append{site.gathering};
}

SiteLogs::Claim::Claim(SiteLogs& logs, const std::string& name) : logs_(logs), name_(name) {
  FLUSH_ASSERT(logs_.claimed_.insert(name_).second);
  if (SiteLog* log = logs_.known(name_)) logs_.locks_.release(log->lock);
}

SiteLogs::Claim::~Claim() {
  logs_.claimed_.erase(name_);
  const SiteLog* log = logs_.known(name_);
  if (log != nullptr && log->waiting != nullptr) log->waiting->end_pause();
}

bool SiteLogs::is_open(std::string_view name) const {
  const SiteLog* const log = known(name);
  return log != nullptr && !log->open.is_busy() && log->file.is_open();
}

Task<void> SiteLogs::close() {
  locks_.close();
  closing_.request_stop();
  co_await background_.join();
}

void SiteLogs::queue(SiteLog& site) {
  if (site.queued || site.open.is_busy()) return;
  site.queued = true;
  queued_.emplace_back(&site);
  loop_.at_turn_end(*this);
}

void SiteLogs::on_turn_end() {
  due_.swap(queued_);
  for (const SiteLogPtr& site : due_) {
    site->queued = false;
    write(*site);
    if (open_.is_crowded()) settle_written();
  }
  due_.clear();
  settle_written();
  send_cold_to_worker();
}

void SiteLogs::write(SiteLog& site) {
  boost::intrusive_ptr<AppendBatch> batch = std::move(site.gathering);
  open_.note_use(site.open, loop_.now());
  if (site.covered_in == names_.era(loop_.now())) {
    if (!site.file.is_linked_to() && !is_claimed(site)) locks_.before_append(site.lock);
  } else {
    cover(site);
    if (site.file.is_open()) return write_and_look(site, batch);
  }
  AppendOutcome outcome = site.file.append(batch->lines, AppendFile::Patience::none, AppendFile::Names::news);
  if (outcome.kind == AppendOutcome::Kind::cold) return leave_to_worker(site, std::move(batch));
  open_.note_file(site.open);
  if (outcome.kind == AppendOutcome::Kind::locked) {
    locks_.release_to_others(site.lock);
    return finish(site, batch, std::move(outcome));
  }
  written_.push_back({&site, std::move(batch), std::move(outcome)});
  if (site.lock.is_kept() && !std::exchange(awaits_news_, true)) background_.spawn(take_news_when_idle());
}

void SiteLogs::leave_to_worker(SiteLog& site, boost::intrusive_ptr<AppendBatch> batch) {
  locks_.release(site.lock);
  open_.note_file(site.open);
  open_.note_busy(site.open);
  cold_.push_back({&site, std::move(batch), {}});
  if (cold_.size() == cold_logs_per_trip) send_cold_to_worker();
}

void SiteLogs::send_cold_to_worker() {
  if (!cold_.empty()) background_.spawn(append_cold(std::exchange(cold_, {})));
}

Task<void> SiteLogs::append_cold(std::vector<Cold> logs) {
  auto trip = [&logs] {
    for (Cold& log : logs)
      log.outcome =
          log.site->file.append(log.batch->lines, AppendFile::Patience::disk, AppendFile::Names::look);
    return true;
  };
  co_await in_pool(work_pool_, trip);
  // That we have opened them is not to be news when the next line comes.
  const NameNews::Era era = names_.era(loop_.now());
  if (std::any_of(logs.begin(), logs.end(), [&](const Cold& log) { return log.site->covered_in == era; }))
    take_news();
  for (Cold& log : logs) {
    note_look(*log.site, log.outcome);
    if (is_over(log.outcome)) {
      conclude(*log.site, *log.batch, log.outcome);
    } else {
      background_.spawn(write_in_background(log.site, log.batch, std::move(log.outcome)));
    }
  }
  open_.close_surplus();
}

void SiteLogs::cover(SiteLog& site) {
  locks_.before_look(site.lock);
  site.covered_in = names_.cover(site.file.path());
}

void SiteLogs::write_and_look(SiteLog& site, const boost::intrusive_ptr<AppendBatch>& batch) {
  AppendOutcome outcome = site.file.append(batch->lines, AppendFile::Patience::none, AppendFile::Names::look);
  if (outcome.kind == AppendOutcome::Kind::cold) return leave_to_worker(site, batch);
  note_look(site, outcome);
  finish(site, batch, std::move(outcome));
}

/// After an append that was to look.
void SiteLogs::note_look(SiteLog& site, const AppendOutcome& outcome) {
  open_.note_file(site.open);
  if (outcome.kind == AppendOutcome::Kind::failed) site.covered_in = NameNews::never;
}

void SiteLogs::settle_written() {
  if (!written_.empty()) confirm_written();
  open_.close_surplus();
}

/// Takes the news once for all. Whose name has changed is looked at.
void SiteLogs::confirm_written() {
  take_news();
  const NameNews::Era era = names_.era(loop_.now());
  for (Written& written : written_) {
    SiteLog& site = *written.site;
    if (site.covered_in == era || site.file.has_its_name()) {
      finish(site, written.batch, std::move(written.outcome));
    } else {  // nobody will see what is in the old file
      cover(site);
      site.file.close();
      write_and_look(site, written.batch);
    }
  }
  written_.clear();
}

void SiteLogs::take_news() {
  const NameWatch::News news = names_.read();
  if (news.perhaps_all) locks_.release_all_to_others();
  for (const std::string& name : news.changed) {
    if (SiteLog* log = known(name)) {
      log->covered_in = NameNews::never;
      locks_.release_to_others(log->lock);  // the file may have another name now
    }
  }
  // Our own openings are among them. They are not worth telling apart.
  for (const std::string& name : news.opened)
    if (SiteLog* log = known(name)) locks_.release_to_others(log->lock);
}

/// Who opens a file is not to wait until somebody adds to one.
Task<void> SiteLogs::take_news_when_idle() {
  const auto fd = names_.fd();
  const op::Poll poll{.fd = fd ? fd.value() : -1, .events = POLLIN};
  for (;;) {
    const auto readable = co_await Operation{loop_, poll, {.stop = closing_}};
    if (!readable) break;
    take_news();
  }
  locks_.close();
}

/// Nothing is to be waited for any more.
bool SiteLogs::is_over(const AppendOutcome& outcome) const noexcept {
  return outcome.kind != AppendOutcome::Kind::locked &&
         (durability_ == Durability::none || outcome.landed_bytes == 0);
}

/// Answers, or goes on in the background.
void SiteLogs::finish(SiteLog& site, const boost::intrusive_ptr<AppendBatch>& batch, AppendOutcome outcome) {
  if (is_over(outcome)) {
    settle(*batch, outcome);
  } else {
    open_.note_busy(site.open);
    background_.spawn(write_in_background(&site, batch, std::move(outcome)));
  }
}

Task<void> SiteLogs::write_in_background(SiteLogPtr site, boost::intrusive_ptr<AppendBatch> batch,
                                         AppendOutcome outcome) {
  if (outcome.kind == AppendOutcome::Kind::locked) {
    outcome = co_await append_when_free(*site, *batch);
    note_look(*site, outcome);
  }
  if (durability_ == Durability::sync && outcome.landed_bytes > 0) {
    const auto synced = co_await sync(*site, outcome.was_empty);
    if (!synced) {
      outcome.landed_bytes = 0;
      outcome.kind = AppendOutcome::Kind::failed;
      outcome.failure =
          fmt::format("write fast flush logfile {}: {}", site->file.name(), synced.error().message());
    }
  }
  conclude(*site, *batch, outcome);
  open_.close_surplus();
}

/// The end of what was done in the background.
void SiteLogs::conclude(SiteLog& site, AppendBatch& batch, const AppendOutcome& outcome) {
  settle(batch, outcome);
  open_.note_idle(site.open);
  if (site.gathering) queue(site);
}

/// Somebody else has the lock: tries until it is free.
Task<AppendOutcome> SiteLogs::append_when_free(SiteLog& site, const AppendBatch& batch) {
  LockWait wait(lock_waits_, site.file.path());
  site.waiting = &wait;
  auto open_and_append = [&] {
    return site.file.append(batch.lines, AppendFile::Patience::disk, AppendFile::Names::look);
  };
  AppendOutcome outcome;
  do {
    if (!co_await wait.pause()) {
      outcome = site.file.still_locked();
      break;
    }
    outcome = site.file.append(batch.lines, AppendFile::Patience::none, AppendFile::Names::look);
    if (outcome.kind == AppendOutcome::Kind::cold) outcome = co_await in_pool(work_pool_, open_and_append);
  } while (outcome.kind == AppendOutcome::Kind::locked);
  site.waiting = nullptr;
  co_return outcome;
}

Task<Result<void>> SiteLogs::sync(const SiteLog& site, bool name_too) {
  CO_TRY_VOID(co_await sync_file(loop_, files_, site.file.handle()));
  if (!name_too) co_return outcome::success();
  // The way to the file may be new as well, if the flush directory is hashed.
  std::string directory = site.file.path();
  for (std::size_t slash = directory.rfind('/'); slash != std::string::npos; slash = directory.rfind('/')) {
    directory.resize(slash);
    auto open = [&] {
      return files_.open(current_directory, directory.c_str(), FileSystem::Open::directory);
    };
    CO_TRY(opened, co_await in_pool(work_pool_, open));
    CO_TRY_VOID(co_await sync_file(loop_, files_, opened.handle()));
  }
  co_return outcome::success();
}

void SiteLogs::settle(AppendBatch& batch, const AppendOutcome& outcome) {
  if (!outcome.failure.empty()) {
    log_.record(outcome.fatal ? Severity::fatal : Severity::warning, outcome.failure);
  }
  batch.landed_bytes = outcome.landed_bytes;
  batch.settled = true;
  for (const std::coroutine_handle<> waiter : batch.waiters) loop_.make_ready(waiter);
  batch.waiters.clear();
}

}  // namespace uflush
