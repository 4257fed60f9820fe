/// What the verbose log tells of the bytes of a request (BEHAVIOUR.md 7.8).
#pragma once

#include <string_view>

#include "core/log.hpp"

namespace uflush {

/// Logs which attributes were wanted and which came, as the reference does while it reads them: up to the end
/// of the first request in `received`, or to where it stops making sense. Nothing of a trigger.
void trace_request(Log& log, std::string_view stream_name, std::string_view received);

}  // namespace uflush
