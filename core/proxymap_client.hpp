/// Asks proxymap(8) for what its tables say (BEHAVIOUR.md 8.1).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>

#include "core/config.hpp"
#include "core/keyed_hash.hpp"
#include "core/log.hpp"
#include "core/table/inquiry.hpp"
#include "core/table/remembered_answers.hpp"
#include "io/fd.hpp"
#include "io/loop.hpp"
#include "io/mutex.hpp"
#include "io/operation.hpp"
#include "protocol/proxymap.hpp"

namespace uflush {

/// One connection to `private/<proxymap_service_name>`, for all tables: made when it is needed, dropped after
/// ipc_idle without use or ipc_ttl of age. Questions take turns on it.
///
/// The reference waits for ever, and dies of some answers. Here every question has uflush_table_timeout from
/// when it is asked to when it is answered, its turn included; what is not answered by then has failed.
/// Within that time a connection that breaks is made again: at once the first time, as servers come and go,
/// then every second.
///
/// Answers are remembered for uflush_table_cache_time, failures are not.
class ProxymapClient {
 public:
  /// Borrows everything.
  ProxymapClient(Loop& loop, const Config& config, Log& log);
  ProxymapClient(const ProxymapClient&) = delete;
  ProxymapClient& operator=(const ProxymapClient&) = delete;
  ~ProxymapClient();

  /// Never fails, but the answer may be that the look-up has. `stop` makes it fail now.
  Task<RemoteAnswer> look_up(RemoteQuestion question, StopToken stop);

  /// Lets go of the connection. Nobody may be asking.
  void close();

 private:
  class IdleTimer;
  /// What one try has brought: an answer, or `broken`, which says why the connection is of no use.
  struct Attempt;
  struct Exchange;

  Task<Attempt> attempt(const RemoteQuestion& question, Patience patience);
  Task<Result<void>> connect(Patience patience);
  Task<Result<void>> hear_announcement(Patience patience);
  Task<Attempt> open_table(const std::string& table, Patience patience);
  Task<Exchange> exchange(std::string request, Patience patience);
  Task<Result<void>> receive(std::string& received, Patience patience);
  void drop_connection();

  Loop& loop_;
  const Config& config_;
  Log& log_;
  std::string path_;
  Mutex one_at_a_time_;
  std::unique_ptr<IdleTimer> idle_;
  Fd socket_;
  Instant connected_at_{};
  ProxymapForm form_ = ProxymapForm::until_3_10;
  std::unordered_map<std::string, Keys> opened_;  ///< tables that the server has opened once
  RememberedAnswers answers_;
};

}  // namespace uflush
