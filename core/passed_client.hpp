/// `-t pass`: a client comes as a descriptor through another connection, its carrier.
#pragma once

#include "core/log.hpp"
#include "io/fd.hpp"
#include "io/loop.hpp"
#include "io/operation.hpp"

namespace uflush {

/// Receives a byte with the descriptor, and the attribute list behind it, which is of no interest here. The
/// carrier is closed before the client is served. A failure has been logged, in the words of the reference.
Task<Result<Fd>> receive_passed_client(Loop& loop, Log& log, Fd carrier, Patience patience);

}  // namespace uflush
