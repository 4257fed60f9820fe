/// Records of jobs, which may have found thousands of things to complain about.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/log.hpp"
#include "io/loop.hpp"
#include "io/task.hpp"

namespace uflush {

/// As many records as are written before the loop turns: 1 to 2 ms, since a record is a system call.
inline constexpr std::size_t records_per_piece = 64;

/// Logs `texts`, which must outlive the task, in their order. Others are served in between.
[[nodiscard]] Task<void> log_in_pieces(Loop& loop, Log& log, Severity severity,
                                       std::span<const std::string> texts);

}  // namespace uflush
