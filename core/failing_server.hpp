/// Answers FAIL to everybody, for a while: what a daemon does that cannot start.
///
/// Delivery agents that defer mail wait for the flush service. A process that only ends leaves them waiting:
/// master(8) stops the service for a minute, and no mail moves. One that says FAIL costs them nothing: they
/// log `flush service failure` and go on.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/log.hpp"
#include "core/master_channel.hpp"
#include "io/event.hpp"
#include "io/fd.hpp"
#include "io/loop.hpp"
#include "io/operation.hpp"

namespace uflush {

/// How long it goes on: as long as master(8) waits before it starts a service anew that cannot start.
inline constexpr std::chrono::seconds answer_time_when_broken{60};

/// What surrounds it. All descriptors are borrowed.
struct FailingServerSurroundings {
  std::vector<int> listeners;       ///< non-blocking, shared with other processes
  MasterChannel* master = nullptr;  ///< null when there is no way to report
  std::string stream_name;          ///< how records call the peer
  bool announces = true;
  bool descriptors_are_passed = false;  ///< `-t pass`
  /// A reason to end early: asked at first and whenever the descriptor is readable.
  struct Watch {
    int fd = -1;
    std::function<bool()> must_end;
  };
  std::vector<Watch> watches;
};

class FailingServer {
 public:
  /// Borrows everything.
  FailingServer(Loop& loop, Log& log, FailingServerSurroundings surroundings);
  FailingServer(const FailingServer&) = delete;
  FailingServer& operator=(const FailingServer&) = delete;

  /// Ends after `answer_time_when_broken`, when the status channel ends or says anything (a reload), or when
  /// a watch says so. Clients that are connected then are dropped.
  ///
  /// Reports TAKEN and AVAIL once, at the latest at its end: without that pair master(8) takes the exit for a
  /// start that failed at once, and stops the service for a minute (BEHAVIOUR.md 1.11). The minute has been
  /// spent already, or something has been mended that the next process shall see.
  Task<void> run();

 private:
  Task<void> accept_clients(int listener);
  Task<void> serve(Fd socket);
  Task<void> answer(Fd socket);
  Task<void> watch_master();
  Task<void> watch(FailingServerSurroundings::Watch& watched);
  void report();

  Loop& loop_;
  Log& log_;
  FailingServerSurroundings around_;
  StopSource over_;
  Scope clients_;
  Event client_left_;
  bool reported_ = false;
};

}  // namespace uflush
