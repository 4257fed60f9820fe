/// Logs as refresh finds them.
#pragma once

#include <ctime>
#include <string>

#include "tests/sim/sim.hpp"

namespace uflush {

inline constexpr std::time_t hour = 3600;
inline constexpr std::time_t day = 24 * hour;

/// A log with one deferred message, last looked at (read, written) so many seconds ago.
inline void defer(Sim& sim, const std::string& path, const std::string& id, std::time_t read_age,
                  std::time_t write_age) {
  const std::time_t now = sim.clock.wall_time();
  sim.files.write("deferred/" + id.substr(0, 1) + "/" + id, "message");
  sim.files.write(path, id + "\n");
  sim.files.set_times(path, now - read_age, now - write_age);
}

inline bool was_sent(const Sim& sim, const std::string& id) {
  return sim.files.exists(std::string("incoming/").append(id));
}

}  // namespace uflush
