/// Which ring the daemon runs on.
#pragma once

#include <memory>

#include "core/config.hpp"
#include "core/fatal.hpp"
#include "core/log.hpp"
#include "io/ring.hpp"

namespace uflush {

/// The ring that `uflush_backend` asks for. `automatic` takes epoll where there is no io_uring, and warns, since
/// that costs speed and the operator may be able to change it.
[[nodiscard]] OrFatal<std::unique_ptr<Ring>> open_ring(const Config& config, Log& log);

}  // namespace uflush
