/// One refresh over all logfiles, as master(8) asks for it every 1000 seconds.
#pragma once

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

class Refreshing final : public Workload {
 public:
  enum class Due { none, all };

  Refreshing(std::size_t logfiles, Due due) : logfiles_(logfiles), due_(due) {}

  [[nodiscard]] std::string name() const override { return "refresh"; }
  [[nodiscard]] std::string description() const override {
    return std::to_string(logfiles_) + " logfiles, " + due_text();
  }
  [[nodiscard]] std::string operation() const override { return "logfile"; }
  [[nodiscard]] std::vector<Step> steps() const override {
    return {{"logfiles", static_cast<double>(logfiles_), due_text()}};
  }
  [[nodiscard]] bool suits(const ServerKind& kind) const override { return serves_alone(kind); }
  /// The reply comes before the work; the server closes after it.
  Measurement measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const override;

 private:
  [[nodiscard]] std::string due_text() const { return due_ == Due::none ? "none due" : "all due"; }

  std::size_t logfiles_;
  Due due_;
};

}  // namespace uflush::bench
