#include "core/site_logs.hpp"

#include "io/operation.hpp"

namespace uflush {

SiteLogs::SiteLogs(Loop& loop, Pool& waiting_pool, FileSystem& files, const QueueLayout& layout,
                   Durability durability, Log& log)
    : loop_(loop),
      waiting_pool_(waiting_pool),
      files_(files),
      layout_(layout),
      durability_(durability),
      log_(log) {}

SiteLogs::~SiteLogs() {
  recently_used_.clear();
}

Append SiteLogs::append(std::string_view name, std::string_view queue_id) {
  SiteLog& site = find(name);
  if (!site.gathering) site.gathering = new AppendBatch;
  site.gathering->lines.append(queue_id).push_back('\n');
  queue(site);
  return Append{site.gathering};
}

Task<void> SiteLogs::close() {
  co_await background_.join();
}

SiteLog& SiteLogs::find(std::string_view name) {
  if (const auto known = by_name_.find(name); known != by_name_.end()) {
    SiteLog& site = *known->second;
    recently_used_.splice(recently_used_.begin(), recently_used_, recently_used_.iterator_to(site));
    return site;
  }
  auto made = std::make_unique<SiteLog>(files_, std::string(name), layout_.path("flush", name));
  SiteLog& site = *made;
  by_name_.emplace(std::string(name), std::move(made));
  recently_used_.push_front(site);
  return site;
}

/// A file is opened when it is first written to, so this, after each write, bounds their number.
void SiteLogs::close_surplus() {
  while (by_name_.size() > open_files_max && forget_least_recent()) {
  }
}

/// False when all are in use: the set grows for a moment.
bool SiteLogs::forget_least_recent() {
  for (auto site = recently_used_.rbegin(); site != recently_used_.rend(); ++site) {
    if (site->queued || site->busy) continue;
    SiteLog& idle = *site;
    recently_used_.erase(recently_used_.iterator_to(idle));
    by_name_.erase(by_name_.find(std::string_view(idle.file.name())));
    return true;
  }
  return false;
}

void SiteLogs::queue(SiteLog& site) {
  if (site.queued || site.busy) return;
  site.queued = true;
  queued_.push_back(&site);
  loop_.at_turn_end(*this);
}

void SiteLogs::on_turn_end() {
  due_.swap(queued_);
  for (SiteLog* site : due_) {
    site->queued = false;
    write(*site);
    close_surplus();
  }
  due_.clear();
}

void SiteLogs::write(SiteLog& site) {
  const boost::intrusive_ptr<AppendBatch> batch = std::move(site.gathering);
  AppendOutcome outcome = site.file.append(batch->lines, FileSystem::Lock::try_now);
  const bool finished = outcome.kind != AppendOutcome::Kind::locked &&
                        (durability_ == Durability::none || outcome.landed_bytes == 0);
  if (finished) {
    settle(*batch, outcome);
    return;
  }
  site.busy = true;
  background_.spawn(write_in_background(site, batch, std::move(outcome)));
}

Task<void> SiteLogs::write_in_background(SiteLog& site, boost::intrusive_ptr<AppendBatch> batch,
                                         AppendOutcome outcome) {
  if (outcome.kind == AppendOutcome::Kind::locked) {
    auto wait_and_append = [&site, &batch] { return site.file.append(batch->lines, FileSystem::Lock::wait); };
    outcome = co_await in_pool(waiting_pool_, wait_and_append);
  }
  if (durability_ == Durability::sync && outcome.landed_bytes > 0) {
    const auto synced = co_await sync(site, outcome.was_empty);
    if (!synced) {
      outcome.landed_bytes = 0;
      outcome.kind = AppendOutcome::Kind::failed;
      outcome.failure =
          fmt::format("write fast flush logfile {}: {}", site.file.name(), synced.error().message());
    }
  }
  settle(*batch, outcome);
  site.busy = false;
  if (site.gathering) queue(site);
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
