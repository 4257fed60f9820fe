/// What only uflush serves: connections that stay, with several requests per write.
#pragma once

#include <string>
#include <vector>

#include "tests/support/owned_fd.hpp"
#include "tools/flushbench/add_requests.hpp"
#include "tools/flushbench/load_generator.hpp"

namespace uflush::bench {

/// Each client has one batch under way: written in one piece, then all its replies are awaited.
class PipeliningClients final : public LoadGenerator {
 public:
  PipeliningClients(const std::string& socket_path, const LoadShape& shape);
  LoadResult run(const LoadLimit& limit) override;

 private:
  struct Client {
    support::OwnedFd socket;
    Clock::time_point began;
    std::size_t received = 0;
  };

  void begin_batch(Client& client, Clock::time_point now, const LoadBudget& budget);
  void advance(Client& client, const LoadBudget& budget);

  AddRequests requests_;
  std::size_t batch_;
  std::string expected_;  ///< the replies to one batch
  std::string batch_text_;
  std::vector<char> received_;
  std::vector<Client> clients_;
  support::OwnedFd epoll_;
  std::size_t busy_ = 0;
  std::uint64_t started_ = 0;
  Latencies latencies_;
  LoadResult result_;
};

}  // namespace uflush::bench
