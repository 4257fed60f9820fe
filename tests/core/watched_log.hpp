/// The log of one site, whose lock may be kept and whose name is watched.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "tests/sim/sim.hpp"

namespace uflush {

inline constexpr const char* site = "example.com";
inline constexpr const char* log_path = "flush/example_com";

/// Calls `action` once, right before the next write to the log.
inline void before_next_write(Sim& sim, std::function<void()> action) {
  sim.files.before_call = [&sim, action = std::move(action)](FileCall call, const std::string& path) {
    if (call != FileCall::write || path != log_path) return;
    const auto once = std::exchange(sim.files.before_call, {});
    action();
  };
}

}  // namespace uflush
