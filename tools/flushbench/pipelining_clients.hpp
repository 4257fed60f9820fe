/// What only uflush serves: connections that stay, with one or more requests per write.
#pragma once

#include <string>
#include <vector>

#include "tests/support/owned_fd.hpp"
#include "tools/flushbench/closed_loop.hpp"

namespace uflush::bench {

/// Each client has one batch under way: written in one piece, then all its replies are awaited.
class PipeliningClients final : public ClosedLoop {
 public:
  PipeliningClients(const std::string& socket_path, const LoadShape& shape);

 private:
  struct Client {
    support::OwnedFd socket;
    std::size_t batch = 0;  ///< requests under way
    std::size_t received = 0;
    bool has_shown = false;  ///< that it stays: its first two requests have come in one piece
  };

  std::size_t begin(std::size_t number) override;
  void turn() override;
  void advance(std::size_t number);

  std::unique_ptr<Requests> requests_;
  std::size_t batch_;
  std::string expected_;  ///< the replies to the largest batch
  std::string batch_text_;
  std::vector<char> received_;
  std::vector<Client> clients_;
  ClientPoll poll_;
};

}  // namespace uflush::bench
