/// What the requests mean (BEHAVIOUR.md 3). Knows nothing of connections.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "core/eligible_sites.hpp"
#include "core/keyed_hash.hpp"
#include "core/proxymap_client.hpp"
#include "core/refresh.hpp"
#include "core/sender.hpp"
#include "core/site_logs.hpp"
#include "core/site_name.hpp"
#include "protocol/flush_reply.hpp"
#include "protocol/flush_request.hpp"

namespace uflush {

/// An add that is under way, or its answer where there is nothing to wait for.
using PendingAnswer = std::variant<Status, Append>;

class Service {
 public:
  /// Borrows everything.
  Service(SpoolAccess& spool, EligibleSites& eligible, SiteNames& names);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Starts an add: checks it and queues its line. The views are not used after the return. Wait for the
  /// outcome with `co_await`; answers keep the order of the calls if they are waited for in that order.
  ///
  /// Nothing, and nothing is done, when the site's eligibility is not known and finding out may take time:
  /// another process may hold a table's lock, or have to be asked. Then there is start_slow_add.
  [[nodiscard]] std::optional<PendingAnswer> start_add(const AddRequest& request);
  /// As start_add, and finds out first. `stop` makes it fail early.
  Task<PendingAnswer> start_slow_add(std::string site, std::string queue_id, StopToken stop);

  Task<Status> send_site(std::string site, StopToken stop);
  Task<Status> send_file(std::string queue_id);
  /// The reply to refresh and purge is OK, and goes out before the work.
  Task<void> refresh(StopToken stop);
  Task<void> purge(StopToken stop);

  /// So many clients are connected: open logfiles leave them their descriptors.
  void leave_room_for(std::size_t clients) noexcept { logs_.leave_room_for(clients); }
  /// Descriptors have run out all the same: closes up to `count` logs. False when there are none to close.
  bool close_idle_logs(std::size_t count) noexcept { return logs_.close_idle(count); }

  /// Requests that wait for a lock of another process fail from now on: this one has to come to its end.
  void stop_waiting_for_locks();

  /// Waits for what is on its way to the disk. No requests after that.
  Task<void> close();

 private:
  /// Whether a site has a log, and which. Good for ever, unless tables of other processes had a say: a change
  /// of all other tables ends the process.
  struct Verdict {
    Verdict() = default;
    explicit Verdict(Status refusal) : status(refusal) {}
    explicit Verdict(SiteLogPtr log_of_site) : log(std::move(log_of_site)) {}

    Status status = Status::ok;
    SiteLogPtr log;  ///< when the status is ok
    Instant good_until = Instant::max();
    mutable bool used = false;  ///< since somebody looked for one to forget
  };

  [[nodiscard]] const Verdict* remembered(std::string_view site) const;
  [[nodiscard]] bool may_take_time() const noexcept;
  const Verdict& judge(std::string_view site);
  Task<Verdict> judge_slowly(std::string site, StopToken stop);
  Task<Verdict> judge_either_way(std::string site, StopToken stop);
  Task<RemoteAnswer> look_up(RemoteQuestion question, StopToken stop);
  Task<Eligibility> evaluate(const std::string& site, Inquiry& inquiry);
  const Verdict& remember(std::string_view site, Verdict verdict);
  void forget_surplus();
  Verdict name_log(std::string_view site, Eligibility eligibility);
  void note_add(std::string_view site, std::string_view queue_id) const;
  PendingAnswer append_line(const Verdict& verdict, std::string_view queue_id);

  SpoolAccess& spool_;
  EligibleSites& eligible_;
  SiteNames& names_;
  SiteLogs logs_;
  Sender sender_;
  Refresher refresher_;
  ProxymapClient proxymap_;
  Mutex asking_;  ///< one question to blocking tables at a time
  using Verdicts = std::unordered_map<std::string, Verdict, KeyedTextHash, std::equal_to<>>;
  Verdicts verdicts_;
  std::deque<Verdicts::const_pointer>
      next_to_go_;  ///< the entries of verdicts_, in the order in which they are looked at
  Verdict uncached_;
  std::stop_source give_up_;  ///< waiting for the locks of tables, in other threads
};

}  // namespace uflush
