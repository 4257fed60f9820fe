/// From fork(2) to the first complete answer of a new process.
#pragma once

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

/// CPU is that of the whole process, from fork(2) to the answer.
class Starting final : public Workload {
 public:
  explicit Starting(std::size_t starts) : starts_(starts) {}

  [[nodiscard]] std::string name() const override { return "start"; }
  [[nodiscard]] std::string description() const override { return "from fork to the first answer"; }
  [[nodiscard]] std::string operation() const override { return "start"; }
  [[nodiscard]] bool suits(const ServerKind& kind) const override { return serves_alone(kind); }
  Measurement measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const override;

 private:
  std::size_t starts_;
};

}  // namespace uflush::bench
