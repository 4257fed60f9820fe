/// Which ring the daemon runs on.
#pragma once

#include <cstddef>
#include <memory>

#include "core/config.hpp"
#include "core/fatal.hpp"
#include "core/log.hpp"
#include "io/ring.hpp"

namespace uflush {

/// The ring that `uflush_backend` asks for. Where there is no io_uring it is epoll, with a warning, since
/// that costs speed and the operator may be able to change it; also with `io_uring`, for a wish of ours must
/// not stop mail. `ops_max`: so many ops are to be under way at the same time; the kernel may grant fewer
/// (Ring::ops_max). Fails when there is not even epoll.
[[nodiscard]] OrFatal<std::unique_ptr<Ring>> open_ring(const Config& config, Log& log,
                                                       std::size_t ops_max = 0);

}  // namespace uflush
