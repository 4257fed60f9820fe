/// How long delivery agents wait for an add while a long send runs.
#pragma once

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

/// Only adds that begin while the send runs count. CPU is that of adds and send together.
class AddingDuringSend final : public Workload {
 public:
  enum class Site { same, other };  ///< as the send has

  AddingDuringSend(std::size_t messages, std::size_t clients, Site site, std::size_t stock_processes_max)
      : messages_(messages), clients_(clients), site_(site), stock_processes_max_(stock_processes_max) {}

  [[nodiscard]] std::string name() const override { return "add-during-send"; }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] std::string operation() const override { return "add"; }
  [[nodiscard]] std::vector<Step> steps() const override;
  /// With one process of the stock daemon, there would be nobody to take the adds.
  [[nodiscard]] bool suits(const ServerKind& kind) const override {
    return !kind.syncs && (!kind.is_stock || kind.processes_max == stock_processes_max_);
  }
  Measurement measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const override;

 private:
  std::size_t messages_;
  std::size_t clients_;
  Site site_;
  std::size_t stock_processes_max_;
};

}  // namespace uflush::bench
