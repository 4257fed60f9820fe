/// One send_site that moves a backlog from the deferred to the incoming queue, everything in the page cache.
#pragma once

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

class Sending final : public Workload {
 public:
  explicit Sending(std::size_t messages) : messages_(messages) {}

  [[nodiscard]] std::string name() const override { return "send"; }
  [[nodiscard]] std::string description() const override {
    return "send_site of " + std::to_string(messages_) + " messages";
  }
  [[nodiscard]] std::string operation() const override { return "message"; }
  [[nodiscard]] std::vector<Step> steps() const override {
    return {{"messages", static_cast<double>(messages_), ""}};
  }
  /// One request keeps one process busy: more of them are no other case.
  [[nodiscard]] bool suits(const ServerKind& kind) const override {
    return !kind.is_stock || kind.processes_max == 1;
  }
  /// The latency is that of the whole request.
  Measurement measure(BenchSpool& spool, const ServerKind& kind) const override;

 private:
  std::size_t messages_;
};

}  // namespace uflush::bench
