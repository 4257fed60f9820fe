/// The same workload in more than one place.
#pragma once

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

/// Says in its description on which file system it runs: `ext4`.
class OnFileSystem final : public Workload {
 public:
  OnFileSystem(std::unique_ptr<Workload> workload, std::string file_system)
      : workload_(std::move(workload)), file_system_(std::move(file_system)) {}

  [[nodiscard]] std::string name() const override { return workload_->name(); }
  [[nodiscard]] std::string description() const override {
    return workload_->description() + ", " + file_system_;
  }
  [[nodiscard]] std::string operation() const override { return workload_->operation(); }
  [[nodiscard]] std::vector<Step> steps() const override {
    std::vector<Step> steps = workload_->steps();
    for (Step& step : steps) step.curve += (step.curve.empty() ? "" : ", ") + file_system_;
    return steps;
  }
  [[nodiscard]] bool suits(const ServerKind& kind) const override { return workload_->suits(kind); }
  [[nodiscard]] std::optional<std::string> obstacle() const override { return workload_->obstacle(); }
  Measurement measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const override {
    return workload_->measure(spool, kind, pass);
  }

 private:
  std::unique_ptr<Workload> workload_;
  std::string file_system_;
};

}  // namespace uflush::bench
