/// One client, from the announcement to the close (BEHAVIOUR.md 2).
///
/// A stock client sends one request, gets one reply, and then the connection is closed. A client that sends
/// its next request right behind the first, in the same piece, shows that it knows more: its connection stays
/// open, takes any number of requests and gives the replies in their order, until the client closes or a
/// request is malformed.
#pragma once

#include <string>

#include "core/receive_budget.hpp"
#include "core/service.hpp"
#include "io/fd.hpp"
#include "io/stop.hpp"

namespace uflush {

/// What all connections of a server share.
struct ConnectionContext {
  Loop& loop;
  Service& service;
  const Config& config;
  Log& log;
  std::string stream_name;  ///< how warnings call the peer: `<service name> socket`
  StopToken draining;       ///< no new work: kept-open connections end when they are idle
  StopToken hurrying;       ///< who has not finished a request, or takes no answer, is dropped
  StopToken leaving;        ///< the end: work under way stops where it may
  ReceiveBudget& receive_budget;
};

/// Serves the client behind `socket` and closes it. Counts on `context` to outlive it.
Task<void> serve_client(const ConnectionContext& context, Fd socket);

}  // namespace uflush
