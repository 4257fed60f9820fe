/// What Postfix's own clients do: connect, read the announcement, write one request, read the reply, close.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include <sys/un.h>

#include "tests/support/owned_fd.hpp"
#include "tools/flushbench/add_requests.hpp"
#include "tools/flushbench/load_generator.hpp"

namespace uflush::bench {

/// Seven system calls per request (socket, connect, epoll_ctl, recv, send, recv, close) and a share of an
/// epoll_wait. Threads with blocking calls need six, and two sleeps and wake-ups each.
class OneShotClients final : public LoadGenerator {
 public:
  OneShotClients(const std::string& socket_path, const LoadShape& shape);
  LoadResult run(const LoadLimit& limit) override;

 private:
  struct Client {
    support::OwnedFd socket;
    Clock::time_point began;
    bool announced = false;
    std::size_t received = 0;
    std::array<char, 64> bytes;
  };

  void begin(Client& client, Clock::time_point now, const LoadBudget& budget);
  /// False when the listener's queue is full: its owner has to accept first.
  bool connect(Client& client) const;
  void connect_waiting();
  /// Something arrived, or the server closed.
  void advance(Client& client, const LoadBudget& budget);
  void finish(Client& client, const LoadBudget& budget);

  sockaddr_un address_;
  AddRequests requests_;
  std::vector<Client> clients_;
  support::OwnedFd epoll_;
  std::deque<Client*> waiting_;  ///< for room in the listener's queue
  std::size_t busy_ = 0;         ///< clients with a request begun, the waiting ones included
  std::uint64_t started_ = 0;
  Latencies latencies_;
  LoadResult result_;
};

}  // namespace uflush::bench
