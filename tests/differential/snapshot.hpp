/// What a spool looks like from outside, as text: two spools are alike when their snapshots are equal.
#pragma once

#include <ctime>
#include <map>
#include <string>

namespace uflush::differential {

/// Path to description: type, mode, owner, links, content, and each time either `now` or its age.
using Snapshot = std::map<std::string, std::string>;

/// The times of a step: what was touched at or after `begin` is `now`, other times count from `base`.
struct StepClock {
  std::time_t base = 0;
  std::time_t begin = 0;
};

/// Everything below flush, deferred, incoming, active and hold. Reading leaves no trace in the times of
/// files.
[[nodiscard]] Snapshot take_snapshot(const std::string& queue_directory, const StepClock& clock);

/// Dates files that the last step touched back, so that the next step's touch can be told from it.
void age_touched_files(const std::string& queue_directory, const StepClock& clock);

}  // namespace uflush::differential
