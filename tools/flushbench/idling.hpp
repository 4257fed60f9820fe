/// Memory for connections that say nothing, and adds beside them.
#pragma once

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

class Idling final : public Workload {
 public:
  Idling(std::size_t connections, LoadLimit limit) : connections_(connections), limit_(limit) {}

  [[nodiscard]] std::string name() const override { return "idle"; }
  [[nodiscard]] std::string description() const override {
    return "1 client beside " + std::to_string(connections_) + " idle connections";
  }
  [[nodiscard]] std::string operation() const override { return "add"; }
  [[nodiscard]] std::vector<Step> steps() const override {
    return {{"connections", static_cast<double>(connections_), ""}};
  }
  /// The stock daemon would need a process for each.
  [[nodiscard]] bool suits(const ServerKind& kind) const override { return !kind.is_stock && !kind.syncs; }
  [[nodiscard]] std::optional<std::string> obstacle() const override;
  Measurement measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const override;

 private:
  std::size_t connections_;
  LoadLimit limit_;
};

}  // namespace uflush::bench
