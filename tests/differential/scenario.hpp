/// Runs one configuration's steps through both daemons and compares after each.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/differential/configuration.hpp"
#include "tests/differential/side.hpp"
#include "tests/differential/step.hpp"

namespace uflush::differential {

struct Contestants {
  std::string reference;
  std::string ours;
  bool allow_differences = true;  ///< false: the reference is compared with itself
};

struct ScenarioResult {
  std::size_t steps_done = 0;
  std::optional<std::size_t> differing_step;   ///< index; the scenario ends there
  std::string report;                          ///< of that step, both sides
  std::size_t faults = 0;                      ///< how often our side was spoiled
  std::string unnoticed;                       ///< the steps where that made no difference
  std::map<std::string, std::size_t> allowed;  ///< row of docs/compatibility.md: how often it was needed
};

/// Stops at the first difference. With a `fault` our side is spoiled every few steps: differences are
/// expected there.
[[nodiscard]] ScenarioResult run_scenario(const Configuration& configuration, const std::vector<Step>& steps,
                                          const Contestants& contestants,
                                          std::optional<Fault> fault = std::nullopt);

/// Of steps that end in a difference, a part that still does: first the shortest tail, then without whatever
/// else is not needed, within `attempts_max` runs.
[[nodiscard]] std::vector<Step> shrink(const Configuration& configuration, std::vector<Step> steps,
                                       const Contestants& contestants, std::size_t attempts_max);

}  // namespace uflush::differential
