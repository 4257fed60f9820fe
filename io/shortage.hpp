/// What the system would not give us: threads, descriptors, memory. Whoever meets a shortage fails one
/// request or does without, and reports it here, so that the operator learns what was short.
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/result.hpp"

namespace uflush {

enum class Shortage : std::uint8_t {
  threads,
  descriptors,
  memory,
  receive_buffers,  ///< our own bound for those of all clients
};
inline constexpr std::size_t shortage_kinds = 4;

/// What happens with a report; the daemon logs some of them (core/shortage_log.hpp). The default does
/// nothing. Reports come from the loop's thread only.
using ShortageHandler = void (*)(Shortage what, Error why);
void set_shortage_handler(ShortageHandler handler) noexcept;

void report_shortage(Shortage what, Error why);
/// Whether an error of a system call means that something was short.
[[nodiscard]] bool is_shortage(Error error) noexcept;
/// The same for an error that may be one: EMFILE and ENFILE are descriptors; ENOMEM, ENOBUFS and ENOSPC of
/// epoll are memory. Other errors are none.
void report_if_shortage(Error why);

}  // namespace uflush
