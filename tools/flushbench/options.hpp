/// What the command line asks for.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tools/flushbench/comparison.hpp"

namespace uflush::bench {

/// Where a spool is made, and what is measured there.
struct Place {
  std::string directory;  ///< empty: $TMPDIR, else /tmp
  std::vector<std::string> workloads;
};

/// `flushbench run`: servers side by side.
struct RunOptions {
  WorkloadOptions sizes;
  RoundLimits rounds;
  std::string uflush_program;
  std::string stock_program;
  std::vector<std::size_t> stock_processes = {1, 2, 16};
  bool skip_uflush = false;
  bool skip_stock = false;
  bool skip_floor = false;
  Placement placement = Placement::free;
  std::vector<Place> places;
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

/// uflush first, then the stock daemon in each number of processes, then the floor, where it was built.
[[nodiscard]] std::vector<ServerKind> contestants(const RunOptions& options);

}  // namespace uflush::bench
