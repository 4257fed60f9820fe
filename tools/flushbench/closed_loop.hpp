/// What all load generators share: clients that begin again when they are done, until the limit of a run.
#pragma once

#include <functional>
#include <vector>

#include "tests/support/owned_fd.hpp"
#include "tools/flushbench/load_generator.hpp"

namespace uflush::bench {

/// Keeps the accounts; how a client speaks is the business of the derived class.
class ClosedLoop : public LoadGenerator {
 public:
  LoadResult run(const LoadLimit& limit) final;

 protected:
  explicit ClosedLoop(std::size_t clients) : began_(clients) {}

  /// Lets a client write its next request, or its next batch; returns how many requests that will be.
  virtual std::size_t begin(std::size_t client) = 0;
  /// Waits until something happens, and does what is to be done then.
  virtual void turn() = 0;

  /// To be called by turn(): all that the client began has been answered.
  void finished(std::size_t client, std::size_t requests, std::size_t refused);
  [[nodiscard]] std::size_t clients() const noexcept { return began_.size(); }

 private:
  void begin_unless_spent(std::size_t client, Clock::time_point now);
  [[nodiscard]] bool spent(Clock::time_point now) const;

  LoadLimit limit_;
  Clock::time_point ends_at_;
  std::vector<Clock::time_point> began_;
  std::size_t busy_ = 0;
  std::uint64_t started_ = 0;
  Latencies latencies_;
  LoadResult result_;
};

/// epoll(7), with the number of a client for each socket. Waiting too long is a failure.
class ClientPoll {
 public:
  ClientPoll();
  void add(int socket, std::size_t client) const;
  void wait(const std::function<void(std::size_t client)>& readable) const;

 private:
  support::OwnedFd epoll_;
};

}  // namespace uflush::bench
