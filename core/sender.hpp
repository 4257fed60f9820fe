/// Sending: the messages of a site's logfile go from deferred to incoming (BEHAVIOUR.md 3.3, 3.4).
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/short_send.hpp"
#include "core/site_logs.hpp"
#include "core/spool_access.hpp"
#include "core/turns.hpp"
#include "io/scope.hpp"
#include "io/stop.hpp"
#include "protocol/flush_reply.hpp"

namespace uflush {

class Sender {
 public:
  /// Borrows both.
  Sender(SpoolAccess& spool, SiteLogs& logs);

  /// What a client's send_site means: un-throttles destinations, moves what the log `name` lists, then takes
  /// those lines out of it. The lock is held only to read and to shorten the file: adds for the site go on
  /// meanwhile. One send per log at a time; the next one waits and handles what is left. `stop` (the daemon
  /// must leave now) ends it between two slices, and so does a shortage of descriptors, with the log
  /// untouched and FAIL. FAIL also when messages stay for another reason than that they are not there: their
  /// lines are kept.
  Task<Status> send(std::string name, StopToken stop);

  /// Sends many logs for a refresh: the same without un-throttling. Short logs share trips to the pool; two
  /// trips are under way at a time. Logs that have to be waited for, because another process has the lock or
  /// another send is at work, go on in `aside`, which the caller joins. `names` must outlive the task. `stop`
  /// also ends it between two trips.
  Task<void> send_each(std::span<const std::string> names, Scope& aside, StopToken stop);

  /// Moves one message. `queue_id` must be valid.
  Task<Status> send_file(std::string queue_id);

 private:
  struct Sending;
  using Sendings = std::deque<std::unique_ptr<Sending>>;
  enum class Kind : std::uint8_t { of_client, of_refresh };

  Task<Status> send_one(std::string name, Kind kind, StopToken stop);
  Task<void> send_from(std::span<const std::string>& rest, Scope& aside, StopToken stop);
  Task<std::size_t> send_some(std::span<const std::string> names, Scope& aside, StopToken stop);
  Task<std::size_t> take_up(std::span<const std::string> names, Sendings& run, Scope& aside, StopToken stop);
  Task<void> send_aside(std::string name, StopToken stop);
  Task<void> finish_aside(std::unique_ptr<Sending> sending, StopToken stop);
  void prepare(Sending& sending);
  void open(Sending& sending) const;
  Status not_opened(const Sending& sending);
  Task<Status> finish(Sending& sending, StopToken stop);
  Task<Moved> move(const LogInHand& log, FoundLog& found, StopToken stop);
  template <typename Job>
  auto run_when_free(Sending& sending, Job& job) -> Task<std::invoke_result_t<Job&>>;
  [[nodiscard]] bool is_free(const Sending& sending);
  Status failed(const std::string& name, std::string_view operation, Error error);

  /// 1 to 999,999,999: another one each time, and not those of another process.
  long next_mark();

  SpoolAccess& spool_;
  SiteLogs& logs_;
  std::size_t aside_ = 0;  ///< logs that refreshes wait for
  long last_mark_;
  Turns turns_;
};

}  // namespace uflush
