/// Accepts clients, and knows when to stop (BEHAVIOUR.md 1.7, 1.11, 1.12).
///
///   serving   --(master gone, max_use, max_idle, configuration changed)-->  draining  --(last client
///   gone)-->  over any       --(told to leave)------------------>  leaving
///   ------------------------>  over
///
/// Draining: no new connection is taken, those that were are served to their end; what waits in the backlog
/// is for the next process. After a while clients that have not finished a request are dropped, and requests
/// that wait for a lock of another process fail, but work under way goes on. Leaving: those clients are
/// dropped at once, requests wait for locks two seconds at most, and sends stop between two slices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/connection.hpp"
#include "core/master_channel.hpp"
#include "io/event.hpp"
#include "io/operation.hpp"

namespace uflush {

/// What surrounds a server. All descriptors are borrowed.
struct ServerSurroundings {
  std::vector<int> listeners;       ///< non-blocking, shared with other processes
  MasterChannel* master = nullptr;  ///< null when there is no master(8)
  /// Another reason to drain: a question that is asked at first and whenever the descriptor is readable.
  struct Watch {
    int fd = -1;
    std::function<bool()> must_end;  ///< true: drain
    bool leave = false;              ///< true: leave instead
  };
  std::vector<Watch> watches;
  std::size_t clients_max = 0;      ///< connections at the same time
  std::string unexpected_argument;  ///< not empty: fatal as soon as the first client comes (BEHAVIOUR.md 1.3)
  std::size_t receive_bytes_max = ReceiveBudget::usual_bytes;  ///< for unfinished requests of all clients
  bool idle_limit = true;                                      ///< max_idle applies
  bool descriptors_are_passed =
      false;       ///< `-t pass`: each connection brings another one, which is the client
  Fd only_client;  ///< `-S`: serve this one and end; there are no listeners then
};

class Server {
 public:
  /// Borrows everything.
  Server(Loop& loop, Service& service, const Config& config, Log& log, ServerSurroundings surroundings);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Serves until there is nothing left to do. Returns the exit status of the process.
  Task<int> run();

  /// Starts draining; for tests and for signals the same as the other reasons.
  void drain(std::string_view reason);
  /// A process that may not retire does not end for want of clients (max_idle): its successor would not
  /// start.
  void set_may_retire(bool may_retire) noexcept { may_retire_ = may_retire; }
  /// Ends as soon as the spool is consistent.
  void leave(std::string_view reason);

  [[nodiscard]] std::size_t clients() const noexcept { return clients_.size(); }

 private:
  class Countdown;

  void retire();

  /// How a try to accept ended.
  enum class Accepted : std::uint8_t {
    client,            ///< or one that was gone before
    nobody,            ///< was waiting, or the listener is lost
    too_many_clients,  ///< until one leaves
    shortage,          ///< of descriptors or memory
  };

  Task<void> accept_clients(int listener);
  Accepted accept_some(int listener);
  Accepted accept_one(int listener);
  void take_in(Fd client);
  bool has_gone(const Fd& client);
  Task<void> wait_for_room(Accepted why);
  Sleep next_turn();
  Task<void> serve(Fd socket);
  Task<void> watch_master();
  Task<void> report_again();
  Task<void> watch(ServerSurroundings::Watch& watched);
  void refuse_command_line();
  void report_first_clients();
  void report(MasterStatus status);

  Loop& loop_;
  const Config& config_;
  Log& log_;
  ServerSurroundings surroundings_;
  StopSource draining_;
  StopSource hurrying_;
  StopSource leaving_;
  ReceiveBudget receive_budget_;
  ConnectionContext context_;
  Service& service_;
  Scope clients_;
  Event client_left_;
  Event report_waits_;
  std::unique_ptr<Countdown> idle_;
  std::unique_ptr<Countdown> lock_patience_;
  std::unique_ptr<Countdown> giving_memory_back_;
  std::size_t accepted_ = 0;
  bool may_retire_ = true;
  std::size_t gone_checks_left_ = 0;
  bool reported_ = false;  ///< master(8) knows that we work
  int exit_status_ = 0;
};

}  // namespace uflush
