/// The one-byte wishes that Postfix daemons leave at each other's doors (trigger(3); BEHAVIOUR.md 3.6, 3.9).
#pragma once

#include <string_view>

namespace uflush {

/// What the queue manager is asked for; the values are the bytes on the wire.
enum class QueueTrigger : char {
  unthrottle = 'F',     ///< forget which sites and transports are dead, at the next scan
  scan_incoming = 'I',  ///< look into the incoming queue now
};

/// The bytes that ask for it through a FIFO: the wish alone. Static lifetime.
[[nodiscard]] constexpr std::string_view fifo_trigger_bytes(QueueTrigger trigger) noexcept {
  return trigger == QueueTrigger::unthrottle ? std::string_view{"F", 1} : std::string_view{"I", 1};
}

/// The bytes that ask for it through a stream socket: the wish and a NUL. Static lifetime. The reference
/// writes them with two calls; the queue manager ignores the NUL.
[[nodiscard]] constexpr std::string_view socket_trigger_bytes(QueueTrigger trigger) noexcept {
  return trigger == QueueTrigger::unthrottle ? std::string_view{"F\0", 2} : std::string_view{"I\0", 2};
}

/// What master(8) writes to the flush service from time to time (BEHAVIOUR.md 1.11.7), as a trigger or as the
/// word of a request. Works like `rfrsh`.
inline constexpr std::string_view wake_up = "W";

}  // namespace uflush
