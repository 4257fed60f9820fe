#include "core/site_logs.hpp"

#include <algorithm>
#include <utility>

#include <poll.h>

#include "io/operation.hpp"

namespace uflush {
namespace {

/// So many more files may be open in the middle of a turn.
constexpr std::size_t surplus_max = 64;

}  // namespace

SiteLog::~SiteLog() {
  owner_.note_close(*this);
  owner_.by_name_.erase(file.name());
}

SiteLogs::SiteLogs(Loop& loop, Pool& waiting_pool, FileSystem& files, const QueueLayout& layout,
                   Durability durability, const OpenLogsPolicy& policy, Log& log)
    : loop_(loop),
      waiting_pool_(waiting_pool),
      files_(files),
      layout_(layout),
      durability_(durability),
      policy_(policy),
      open_max_(policy.open_max),
      log_(log),
      locks_(loop, background_),
      names_(policy.watch) {}

SiteLogs::~SiteLogs() {
  FLUSH_ASSERT(by_name_.empty());
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

void SiteLogs::leave_room_for(std::size_t clients) noexcept {
  const std::size_t left = policy_.shared_max > clients ? policy_.shared_max - clients : 0;
  open_max_ = std::clamp(left, policy_.open_min, policy_.open_max);
  close_surplus();
}

void SiteLogs::release_lock(std::string_view name) noexcept {
  if (SiteLog* log = known(name)) locks_.release(log->lock);
}

Task<void> SiteLogs::close() {
  locks_.close();
  closing_.request_stop();
  co_await background_.join();
}

/// Its file is open, and was used now.
void SiteLogs::note_use(SiteLog& site) {
  site.used = true;
  if (!site.file.is_open()) {
    note_close(site);
  } else if (!site.is_linked()) {
    site.opened_by_us = true;
    open_.push_back(site);
    ++open_count_;
  }
}

void SiteLogs::note_close(SiteLog& site) {
  if (!site.is_linked()) return;
  site.unlink();
  --open_count_;
}

/// Goes round: who was used since the last look gets another round. When all are busy, the set grows for a
/// moment.
void SiteLogs::close_surplus() {
  for (std::size_t looks = 2 * open_count_; open_count_ > open_max_ && looks > 0; --looks) {
    SiteLog& next = open_.front();
    if (next.busy || std::exchange(next.used, false)) {
      open_.splice(open_.end(), open_, open_.begin());
      continue;
    }
    locks_.release(next.lock);
    next.file.close();
    note_close(next);
  }
}

void SiteLogs::queue(SiteLog& site) {
  if (site.queued || site.busy) return;
  site.queued = true;
  queued_.emplace_back(&site);
  loop_.at_turn_end(*this);
}

void SiteLogs::on_turn_end() {
  due_.swap(queued_);
  for (const SiteLogPtr& site : due_) {
    site->queued = false;
    write(*site);
    if (open_count_ > open_max_ + surplus_max) settle_written();
  }
  due_.clear();
  settle_written();
}

void SiteLogs::write(SiteLog& site) {
  boost::intrusive_ptr<AppendBatch> batch = std::move(site.gathering);
  if (!cover(site)) return write_and_look(site, batch);
  AppendOutcome outcome = site.file.append(batch->lines, FileSystem::Lock::try_now, AppendFile::Names::news);
  note_use(site);
  if (outcome.kind == AppendOutcome::Kind::locked) {
    locks_.release_to_others(site.lock);
    return finish(site, batch, std::move(outcome));
  }
  written_.push_back({&site, std::move(batch), std::move(outcome)});
  if (site.lock.is_kept() && !std::exchange(awaits_news_, true)) background_.spawn(take_news_when_idle());
}

/// Before an append. True when the name has been covered since before the file was opened.
bool SiteLogs::cover(SiteLog& site) {
  if (site.covered_in == names_.era(loop_.now())) {
    if (!site.file.is_linked_to()) locks_.before_append(site.lock);
    return true;
  }
  locks_.before_look(site.lock);
  site.covered_in = names_.cover(site.file.path());
  return site.covered_in != NameNews::never && !site.file.is_open();
}

void SiteLogs::write_and_look(SiteLog& site, const boost::intrusive_ptr<AppendBatch>& batch) {
  AppendOutcome outcome = site.file.append(batch->lines, FileSystem::Lock::try_now, AppendFile::Names::look);
  note_use(site);
  finish(site, batch, std::move(outcome));
}

void SiteLogs::settle_written() {
  if (!written_.empty()) confirm_written();
  close_surplus();
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
      static_cast<void>(cover(site));
      write_and_look(site, written.batch);
    }
  }
  written_.clear();
}

void SiteLogs::take_news() {
  const NameWatch::News news = names_.read();
  if (news.perhaps_all) locks_.release_all_to_others();
  for (const std::string& name : news.changed)
    if (SiteLog* log = known(name)) log->covered_in = NameNews::never;
  for (const std::string& name : news.opened) {
    SiteLog* log = known(name);
    if (log != nullptr && !std::exchange(log->opened_by_us, false)) locks_.release_to_others(log->lock);
  }
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

/// Answers, or goes on in the background.
void SiteLogs::finish(SiteLog& site, const boost::intrusive_ptr<AppendBatch>& batch, AppendOutcome outcome) {
  const bool finished = outcome.kind != AppendOutcome::Kind::locked &&
                        (durability_ == Durability::none || outcome.landed_bytes == 0);
  if (finished) {
    settle(*batch, outcome);
  } else {
    site.busy = true;
    background_.spawn(write_in_background(&site, batch, std::move(outcome)));
  }
}

Task<void> SiteLogs::write_in_background(SiteLogPtr site, boost::intrusive_ptr<AppendBatch> batch,
                                         AppendOutcome outcome) {
  if (outcome.kind == AppendOutcome::Kind::locked) {
    auto wait_and_append = [&site, &batch] {
      return site->file.append(batch->lines, FileSystem::Lock::wait, AppendFile::Names::look);
    };
    outcome = co_await in_pool(waiting_pool_, wait_and_append);
    note_use(*site);
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
  settle(*batch, outcome);
  site->busy = false;
  if (site->gathering) queue(*site);
  close_surplus();
}

Task<Result<void>> SiteLogs::sync(const SiteLog& site, bool name_too) {
  CO_TRY_VOID(co_await Operation{loop_, op::Sync{site.file.handle()}});
  if (!name_too) co_return outcome::success();
  // The way to the file may be new as well, if the flush directory is hashed.
  std::string directory = site.file.path();
  for (std::size_t slash = directory.rfind('/'); slash != std::string::npos; slash = directory.rfind('/')) {
    directory.resize(slash);
    CO_TRY(opened, files_.open(current_directory, directory.c_str(), FileSystem::Open::directory));
    CO_TRY_VOID(co_await Operation{loop_, op::Sync{opened.handle()}});
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
