/// One send_site that moves a backlog from the deferred to the incoming queue.
#pragma once

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

enum class Caches { warm, cold };

class Sending final : public Workload {
 public:
  Sending(std::size_t messages, Caches caches) : messages_(messages), caches_(caches) {}

  [[nodiscard]] std::string name() const override { return caches_ == Caches::warm ? "send" : "send-cold"; }
  [[nodiscard]] std::string description() const override {
    return "send_site of " + std::to_string(messages_) + " messages";
  }
  [[nodiscard]] std::string operation() const override { return "message"; }
  [[nodiscard]] std::vector<Step> steps() const override {
    return {{"messages", static_cast<double>(messages_), ""}};
  }
  [[nodiscard]] bool suits(const ServerKind& kind) const override { return serves_alone(kind); }
  [[nodiscard]] std::optional<std::string> obstacle() const override;
  /// The latency is that of the whole request.
  Measurement measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const override;

 private:
  std::size_t messages_;
  Caches caches_;
};

/// Many send_file requests, one after the other.
class SendingFiles final : public Workload {
 public:
  explicit SendingFiles(std::size_t messages) : messages_(messages) {}

  [[nodiscard]] std::string name() const override { return "send-file"; }
  [[nodiscard]] std::string description() const override {
    return "1 client, " + std::to_string(messages_) + " messages";
  }
  [[nodiscard]] std::string operation() const override { return "message"; }
  [[nodiscard]] bool suits(const ServerKind& kind) const override { return serves_alone(kind); }
  Measurement measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const override;

 private:
  std::size_t messages_;
};

/// Fails unless the server answers this request with OK.
void expect_ok(const ServerUnderTest& server, const ServerKind& kind, const std::string& request);
/// The server is up, and its code is in memory.
void warm_up_for_sends(const ServerUnderTest& server, const ServerKind& kind);
/// Fails unless so many messages are in the incoming queue.
void check_moved(const BenchSpool& spool, const ServerKind& kind, std::size_t messages);

}  // namespace uflush::bench
