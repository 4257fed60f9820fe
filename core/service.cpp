#include "core/service.hpp"

#include "protocol/queue_id.hpp"

namespace uflush {
namespace {

/// Verdicts are remembered: the list and its tables do not change within the life of a process (a change ends
/// it).
constexpr std::size_t verdicts_max = 20'000;
/// Longer names are no domain names; they are not worth the memory.
constexpr std::size_t remembered_site_bytes_max = 255;

}  // namespace

Service::Service(SpoolAccess& spool, EligibleSites& eligible, SiteNames& names)
    : spool_(spool),
      eligible_(eligible),
      names_(names),
      logs_(spool.loop, spool.waiting_pool, spool.files, spool.layout, spool.config.uflush_durability,
            spool.log),
      sender_(spool),
      refresher_(spool, sender_),
      asking_(spool.loop) {}

PendingAnswer Service::start_add(const AddRequest& request) {
  if (!is_valid_queue_id(request.queue_id)) return Status::bad;
  return append_line(judge(request.site), request.queue_id);
}

Task<PendingAnswer> Service::start_slow_add(std::string site, std::string queue_id) {
  if (!is_valid_queue_id(queue_id)) co_return Status::bad;
  const Verdict verdict = co_await judge_slowly(std::move(site));
  co_return append_line(verdict, queue_id);
}

PendingAnswer Service::append_line(const Verdict& verdict, std::string_view queue_id) {
  if (verdict.status != Status::ok) return verdict.status;
  return logs_.append(verdict.log_name, queue_id);
}

Task<Status> Service::send_site(std::string site, StopToken stop) {
  const Verdict verdict = co_await judge_either_way(std::move(site));
  if (verdict.status != Status::ok) co_return verdict.status;
  co_return co_await sender_.send(verdict.log_name, Sender::Cause::send_site, stop);
}

Task<Status> Service::send_file(std::string queue_id) {
  if (!is_valid_queue_id(queue_id)) co_return Status::bad;
  co_return co_await sender_.send_file(std::move(queue_id));
}

Task<void> Service::refresh(StopToken stop) {
  co_await refresher_.refresh(spool_.config.fast_flush_refresh_time, stop);
}

Task<void> Service::purge(StopToken stop) {
  co_await refresher_.refresh(std::chrono::seconds{0}, stop);
}

Task<void> Service::close() {
  co_await logs_.close();
}

const Service::Verdict& Service::judge(std::string_view site) {
  if (const auto known = verdicts_.find(site); known != verdicts_.end()) return known->second;
  Verdict verdict = name_log(site, eligible_.test(site, spool_.log));
  if (verdict.status == Status::fail || site.size() > remembered_site_bytes_max) {
    uncached_ = std::move(verdict);
    return uncached_;
  }
  if (verdicts_.size() >= verdicts_max) verdicts_.clear();
  return verdicts_.emplace(std::string(site), std::move(verdict)).first->second;
}

Task<Service::Verdict> Service::judge_slowly(std::string site) {
  Eligibility eligibility = Eligibility::failed;
  Warnings warnings;
  {
    const auto turn = co_await asking_.lock();
    auto ask = [&] { return eligible_.evaluate(site, warnings); };
    eligibility = co_await in_pool(spool_.waiting_pool, ask);
  }
  for (const std::string& warning : warnings) spool_.log.warning("{}", warning);
  co_return name_log(site, eligibility);
}

Task<Service::Verdict> Service::judge_either_way(std::string site) {
  if (may_block()) co_return co_await judge_slowly(std::move(site));
  co_return judge(site);
}

Service::Verdict Service::name_log(std::string_view site, Eligibility eligibility) {
  if (eligibility == Eligibility::failed) return Verdict(Status::fail);
  if (eligibility == Eligibility::denied) return Verdict(Status::deny);
  const SiteName name = names_.map(site);
  if (!name.warning.empty()) spool_.log.warning("{}", name.warning);
  if (name.logfile.empty()) return Verdict(Status::deny);
  if (!is_valid_queue_id(name.logfile)) return Verdict(Status::bad);
  return Verdict(name.logfile);
}

}  // namespace uflush
