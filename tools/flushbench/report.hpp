/// The outcome of a run, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "tools/flushbench/comparison.hpp"
#include "tools/flushbench/machine.hpp"

namespace uflush::bench {

struct Report {
  Machine machine;
  std::string command_line;
  std::string date;  ///< when the run began: `2026-11-24 23:05:12 UTC`
  std::vector<Series> series;
};

/// Lines of at most 150 columns or so; medians of all rounds.
[[nodiscard]] std::string as_table(const Report& report);
/// One object; every quantity with its median, quartiles and number of rounds.
[[nodiscard]] std::string as_json(const Report& report);

/// One run of `flushbench load`.
[[nodiscard]] std::string as_text(const LoadResult& load);
[[nodiscard]] std::string as_json(const LoadResult& load);

}  // namespace uflush::bench
