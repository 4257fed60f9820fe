/// What the command line asks for.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tools/flushbench/comparison.hpp"

namespace uflush::bench {

/// `flushbench run`: servers side by side.
struct RunOptions {
  std::vector<std::string> workloads;
  WorkloadOptions sizes;
  RoundLimits rounds;
  std::string uflush_program;
  std::string stock_program;
  std::vector<std::size_t> stock_processes = {1, 2, 16};
  bool skip_uflush = false;
  bool skip_stock = false;
  Placement placement = Placement::free;
  std::string directory;  ///< where the spool is made; empty: $TMPDIR, else /tmp
  std::string json_path;  ///< empty: none
};

/// `flushbench load`: some flush socket, whoever listens.
struct LoadOptions {
  std::string socket_path;
  LoadShape shape;
  LoadLimit limit;
  std::string json_path;
};

/// Exits by itself for `--help` and for mistakes (status 2).
[[nodiscard]] std::variant<RunOptions, LoadOptions> parse_command_line(int argc, char** argv);

/// uflush first, then the stock daemon in each number of processes.
[[nodiscard]] std::vector<ServerKind> contestants(const RunOptions& options);

}  // namespace uflush::bench
