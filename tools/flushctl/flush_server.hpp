/// The flush service as a client sees it: one connection, one request, one reply (BEHAVIOUR.md 2).
///
/// Blocks; every wait has its own time limit. Works with uflush and with Postfix's own flush.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

#include "protocol/flush_reply.hpp"
#include "protocol/flush_request.hpp"

namespace uflush {

/// Where the service is, and how to talk to it.
struct FlushServer {
  std::string socket_path;
  bool announces = true;  ///< waits for the announcement of Postfix 3.6 and later before it asks
  std::chrono::milliseconds patience{3'600'000};  ///< per wait
};

/// Why there is no reply.
struct NoAnswer {
  enum class Why : std::uint8_t {
    unreachable,    ///< no socket, or nobody listens
    not_permitted,  ///< the socket is not for this user
    silent,         ///< patience is over
    closed,         ///< the server closed the connection instead
    not_flush,      ///< what came is not the flush protocol
  };
  Why why = Why::unreachable;
  std::string detail;  ///< for humans
};

using Answer = std::variant<Status, NoAnswer>;

/// Connects, asks, closes. The texts of `request` must not hold a NUL.
[[nodiscard]] Answer ask(const FlushServer& server, const FlushRequest& request);

}  // namespace uflush
