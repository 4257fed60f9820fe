/// Adds as fast as the server takes them: one per connection, or several on connections that stay.
#pragma once

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

/// What a load of adds is called, and who takes part.
enum class AddKind {
  add,        ///< one add per connection
  sync,       ///< the same, answered when the line is on the disk; beside it the servers that do not wait
  keep_open,  ///< one add at a time on connections that stay
  pipeline,   ///< many adds per write
};

class Adding final : public Workload {
 public:
  /// `stock_processes_max`: sync has one row of the stock daemon, this one.
  Adding(AddKind kind, LoadShape shape, LoadLimit limit, std::size_t stock_processes_max)
      : kind_(kind), shape_(std::move(shape)), limit_(limit), stock_processes_max_(stock_processes_max) {}

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] std::string operation() const override { return "add"; }
  [[nodiscard]] std::vector<Step> steps() const override;
  [[nodiscard]] bool suits(const ServerKind& kind) const override;
  Measurement measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const override;

 private:
  AddKind kind_;
  LoadShape shape_;
  LoadLimit limit_;
  std::size_t stock_processes_max_;
};

/// A fourth of a measurement: long enough to warm up, or to count something.
[[nodiscard]] LoadLimit fourth_of(LoadLimit limit);

/// Rate, client CPU and latencies as the generator saw them.
void take_over(const LoadResult& load, Measurement& into);

/// Fails unless all adds were taken.
void check_taken(const BenchSpool& spool, const ServerKind& kind, const LoadResult& load);
/// Fails unless all adds were taken, and all their lines are in the logfiles.
void check_adds(const BenchSpool& spool, const ServerKind& kind, const LoadResult& warm,
                const LoadResult& load);

}  // namespace uflush::bench
