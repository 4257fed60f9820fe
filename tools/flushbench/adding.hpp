/// Adds as fast as the server takes them, one per connection or pipelined.
#pragma once

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

class Adding final : public Workload {
 public:
  Adding(LoadShape shape, LoadLimit limit) : shape_(shape), limit_(limit) {}

  [[nodiscard]] std::string name() const override { return shape_.batch > 0 ? "pipeline" : "add"; }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] std::string operation() const override { return "add"; }
  [[nodiscard]] std::vector<Step> steps() const override;
  /// The stock daemon answers one request per connection.
  [[nodiscard]] bool suits(const ServerKind& kind) const override {
    return shape_.batch == 0 || !kind.is_stock;
  }
  Measurement measure(BenchSpool& spool, const ServerKind& kind) const override;

 private:
  [[nodiscard]] LoadLimit warm_up() const;

  LoadShape shape_;
  LoadLimit limit_;
};

}  // namespace uflush::bench
