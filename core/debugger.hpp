#pragma once

#include <string>

#include "core/fatal.hpp"
#include "core/log.hpp"

namespace uflush {

/// `-D`: runs `debugger_command`, already expanded, through the shell and waits for that shell, whatever
/// comes of it (BEHAVIOUR.md 1.3). Runs as the user that this process is; meant for start-up, while that is
/// root.
[[nodiscard]] OrFatal<void> run_debugger_command(const std::string& command, Log& log);

}  // namespace uflush
