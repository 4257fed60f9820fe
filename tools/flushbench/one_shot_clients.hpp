/// What Postfix's own clients do: connect, read the announcement, write one request, read the reply, close.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include <sys/un.h>

#include "tests/support/owned_fd.hpp"
#include "tools/flushbench/closed_loop.hpp"

namespace uflush::bench {

/// Seven system calls per request (socket, connect, epoll_ctl, recv, send, recv, close) and a share of an
/// epoll_wait. Threads with blocking calls need six, and two sleeps and wake-ups each.
class OneShotClients final : public ClosedLoop {
 public:
  OneShotClients(const std::string& socket_path, const LoadShape& shape);

 private:
  struct Client {
    support::OwnedFd socket;
    bool announced = false;
    std::size_t received = 0;
    std::array<char, 64> bytes;
  };

  std::size_t begin(std::size_t number) override;
  void turn() override;
  /// False when the listener's queue is full: its owner has to accept first.
  bool connect(std::size_t number);
  void connect_waiting();
  /// Something arrived, or the server closed.
  void advance(std::size_t number);
  void finish(std::size_t number);

  sockaddr_un address_;
  std::unique_ptr<Requests> requests_;
  std::vector<Client> clients_;
  ClientPoll poll_;
  std::deque<std::size_t> waiting_;  ///< for room in the listener's queue
};

}  // namespace uflush::bench
