/// What flushctl says in the end, and how it exits.
#pragma once

#include <string>

#include "tools/flushctl/command_line.hpp"
#include "tools/flushctl/flush_server.hpp"

namespace uflush {

/// Exit status from <sysexits.h>: 0 done, 65 refused, 69 no server, 75 failed or no answer in time, 76 not
/// the flush protocol, 77 not permitted.
struct Verdict {
  int exit_status = 0;
  std::string text;  ///< one line, without newline
};

[[nodiscard]] Verdict judge(const Invocation& invocation, const Answer& answer);

}  // namespace uflush
