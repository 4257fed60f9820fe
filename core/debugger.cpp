#include "core/debugger.hpp"

#include <cstdlib>

namespace uflush {

OrFatal<void> run_debugger_command(const std::string& command, Log& log) {
  if (command.empty()) return Fatal{"no debugger_command variable set up"};
  log.info("running: {}", command);
  // The shell is the documented way to run it; the administrator wrote the command into main.cf.
  [[maybe_unused]] const int status = std::system(command.c_str());  // NOLINT(cert-env33-c)
  return outcome::success();
}

}  // namespace uflush
