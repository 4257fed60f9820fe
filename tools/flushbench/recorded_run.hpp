/// A run as its JSON tells it: what a report is made of, right after the run or years later.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/flushbench/workloads.hpp"

namespace uflush::bench {

/// A quantity over all rounds.
struct Quantity {
  double median = 0;
  double low = 0;   ///< first quartile
  double high = 0;  ///< third quartile
};

struct RecordedFigure {
  std::string name;
  std::string unit;
  Quantity value;
};

/// A latency that a share of all requests did not exceed.
struct ShareLatency {
  double share = 0;
  double us = 0;
};

enum class ServerRole : unsigned char { ours, stock, floor };

/// One workload on one server.
struct RecordedRow {
  std::string workload;  ///< `add: 16 clients, 100 sites`
  std::string kind;      ///< `add`
  std::string operation;
  std::string server;
  ServerRole role = ServerRole::ours;
  bool syncs = false;  ///< answers an add when its line is on the disk
  std::size_t rounds = 0;
  double processes = 0;
  bool client_is_the_limit = false;  ///< the server could have done more
  Quantity per_second;
  Quantity server_cpu_us;
  Quantity client_cpu_us;
  Quantity p50_us, p99_us, p999_us, max_us;
  std::optional<Quantity> memory_peak_bytes;
  std::optional<Quantity> system_calls;
  std::vector<ShareLatency> distribution;
  std::vector<Step> steps;
  std::vector<RecordedFigure> figures;
};

struct RecordedRun {
  std::string command;
  std::string date;
  std::vector<std::pair<std::string, std::string>> facts;  ///< name and value, for people
  std::vector<RecordedRow> rows;
};

/// Reads what as_json() wrote. Fields that older files lack stay empty; a failure (support::HarnessError)
/// when it is something else.
[[nodiscard]] RecordedRun read_run(std::string_view json);

/// The rows of one workload, in the order of the run.
struct RecordedWorkload {
  std::string name;
  std::vector<const RecordedRow*> rows;
};
/// They point into `run`.
[[nodiscard]] std::vector<RecordedWorkload> workloads_of(const RecordedRun& run);

/// The stock daemon's row with the highest rate; null when there is none.
[[nodiscard]] const RecordedRow* best_stock(const RecordedWorkload& workload);
/// The bare loop of the same workload that `row` is to be held against; null when there is none.
[[nodiscard]] const RecordedRow* floor_of(const RecordedWorkload& workload, const RecordedRow& row);

}  // namespace uflush::bench
