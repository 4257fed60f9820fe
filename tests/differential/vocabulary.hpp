/// The names that scenarios are made of: few, so that steps meet each other.
#pragma once

#include <string>
#include <vector>

namespace uflush::differential {

/// Where a logfile goes that somebody renames out of its directory.
inline constexpr const char* moved_away_path = "active/moved_away";

/// Sites that most configurations store mail for, and their log names.
[[nodiscard]] const std::vector<std::string>& plain_sites();
[[nodiscard]] const std::vector<std::string>& plain_log_names();
/// Sites that try the mapping to log names, good and bad.
[[nodiscard]] const std::vector<std::string>& odd_sites();
[[nodiscard]] const std::vector<std::string>& valid_queue_ids();
[[nodiscard]] const std::vector<std::string>& invalid_queue_ids();

}  // namespace uflush::differential
