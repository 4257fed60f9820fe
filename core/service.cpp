#include "core/service.hpp"

#include <algorithm>
#include <utility>

#include "core/privileged_client.hpp"
#include "protocol/queue_id.hpp"

namespace uflush {
namespace {

/// The log of a forgotten site is closed: no fewer sites than logs.
constexpr std::size_t verdicts_max = open_logs_limit;
/// Finding one to forget takes no longer than this, even when all were used a moment ago.
constexpr std::size_t forgetting_looks_max = 256;
/// Longer names are no domain names; they are not worth the memory.
constexpr std::size_t remembered_site_bytes_max = 255;

}  // namespace

Service::Service(SpoolAccess& spool, EligibleSites& eligible, SiteNames& names)
    : spool_(spool),
      eligible_(eligible),
      names_(names),
      logs_(spool.loop, spool.work_pool, spool.files, spool.layout, spool.config.uflush_durability,
            spool.open_logs, spool.log),
      sender_(spool, logs_),
      refresher_(spool, sender_),
      proxymap_(spool.loop, spool.config, spool.log),
      asking_(spool.loop) {}

std::optional<PendingAnswer> Service::start_add(const AddRequest& request) {
  if (!is_valid_queue_id(request.queue_id)) return Status::bad;
  if (const Verdict* known = remembered(request.site)) return append_line(*known, request.queue_id);
  if (may_take_time()) return std::nullopt;
  note_add(request.site, request.queue_id);
  return append_line(judge(request.site), request.queue_id);
}

Task<PendingAnswer> Service::start_slow_add(std::string site, std::string queue_id, StopToken stop) {
  if (!is_valid_queue_id(queue_id)) co_return Status::bad;
  note_add(site, queue_id);
  const Verdict verdict = co_await judge_slowly(std::move(site), stop);
  co_return append_line(verdict, queue_id);
}

void Service::note_add(std::string_view site, std::string_view queue_id) const {
  if (spool_.log.verbose() > 0) spool_.log.info("flush_add_service: site {} queue_id {}", site, queue_id);
}

PendingAnswer Service::append_line(const Verdict& verdict, std::string_view queue_id) {
  if (verdict.status != Status::ok) return verdict.status;
  return logs_.append(*verdict.log, queue_id);
}

Task<Status> Service::send_site(std::string site, StopToken stop) {
  if (spool_.log.verbose() > 0) spool_.log.info("flush_send_service: site {}", site);
  const Verdict verdict = co_await judge_either_way(std::move(site), stop);
  if (verdict.status != Status::ok) co_return verdict.status;
  co_return co_await sender_.send(verdict.log->file.name(), stop);
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

void Service::stop_waiting_for_locks() {
  logs_.stop_waiting_for_locks();
  give_up_.request_stop();
}

Task<void> Service::close() {
  co_await logs_.close();
  proxymap_.close();
}

const Service::Verdict* Service::remembered(std::string_view site) const {
  if (spool_.log.verbose() > 0) return nullptr;  // the log is to tell how each verdict comes about
  const auto known = verdicts_.find(site);
  if (known == verdicts_.end() || spool_.loop.now() >= known->second.good_until) return nullptr;
  known->second.used = true;
  return &known->second;
}

/// Failures are not remembered.
const Service::Verdict& Service::remember(std::string_view site, Verdict verdict) {
  if (verdict.status == Status::fail || site.size() > remembered_site_bytes_max) {
    uncached_ = std::move(verdict);
    return uncached_;
  }
  const auto [entry, is_new] = verdicts_.insert_or_assign(std::string(site), std::move(verdict));
  if (is_new) {
    next_to_go_.push_back(&*entry);
    forget_surplus();
  }
  return entry->second;
}

/// Goes round: who was asked for since the last look gets another round, for its log is worth keeping open.
/// When too many were, there are some verdicts too many for a while.
void Service::forget_surplus() {
  std::size_t looks = forgetting_looks_max;
  while (verdicts_.size() > verdicts_max && looks-- > 0) {
    const Verdicts::const_pointer next = next_to_go_.front();
    next_to_go_.pop_front();
    if (std::exchange(next->second.used, false)) {
      next_to_go_.push_back(next);
    } else {
      verdicts_.erase(verdicts_.find(next->first));
    }
  }
}

bool Service::may_take_time() const noexcept {
  return eligible_.may_block() || eligible_.asks_others();
}

const Service::Verdict& Service::judge(std::string_view site) {
  return remember(site, name_log(site, eligible_.test(site, spool_.log)));
}

Task<Service::Verdict> Service::judge_slowly(std::string site, StopToken stop) {
  Inquiry inquiry;
  inquiry.give_up = give_up_.get_token();
  Instant good_until = Instant::max();
  Eligibility eligibility = co_await evaluate(site, inquiry);
  while (eligibility == Eligibility::undecided) {
    RemoteQuestion question = *inquiry.question;
    RemoteAnswer answer = co_await look_up(std::move(question), stop);
    good_until = std::min(good_until, answer.good_until);
    inquiry.answers.push_back({*std::move(inquiry.question), std::move(answer)});
    eligibility = co_await evaluate(site, inquiry);
  }
  for (const std::string& note : inquiry.notes) spool_.log.info("{}", note);
  for (const std::string& warning : inquiry.warnings) spool_.log.warning("{}", warning);
  Verdict verdict = name_log(site, eligibility);
  verdict.good_until = good_until;
  co_return remember(site, std::move(verdict));
}

/// A table that is written without `proxy:` is postmap's, unless nobody can ask that.
Task<RemoteAnswer> Service::look_up(RemoteQuestion question, StopToken stop) {
  PrivilegedClient* privileged = spool_.privileged;
  if (question.is_direct && privileged != nullptr && privileged->is_there())
    return privileged->look_up(std::move(question), stop);
  return proxymap_.look_up(std::move(question), stop);
}

Task<Eligibility> Service::evaluate(const std::string& site, Inquiry& inquiry) {
  if (!eligible_.may_block()) co_return eligible_.evaluate(site, inquiry);
  const auto turn = co_await asking_.lock();
  auto ask = [&] { return eligible_.evaluate(site, inquiry); };
  const auto answer = co_await in_pool_if_there_is_a_thread(spool_.table_pool, ask);
  co_return answer.value_or(Eligibility::failed);
}

Task<Service::Verdict> Service::judge_either_way(std::string site, StopToken stop) {
  if (const Verdict* known = remembered(site)) co_return *known;
  if (may_take_time()) co_return co_await judge_slowly(std::move(site), stop);
  co_return judge(site);
}

Service::Verdict Service::name_log(std::string_view site, Eligibility eligibility) {
  if (eligibility == Eligibility::failed) return Verdict(Status::fail);
  if (eligibility == Eligibility::denied) return Verdict(Status::deny);
  const SiteName name = names_.map(site);
  if (!name.warning.empty()) spool_.log.warning("{}", name.warning);
  if (name.logfile.empty()) return Verdict(Status::deny);
  if (spool_.log.verbose() > 0) spool_.log.info("site {} to path {}", names_.ascii_form(site), name.logfile);
  if (!is_valid_queue_id(name.logfile)) return Verdict(Status::bad);
  return Verdict(logs_.find(name.logfile));
}

}  // namespace uflush
