/// Sends mail over SMTP as several clients at once, each with a time limit on every step: a reload may take
/// the server away at any moment, and a client without limits then waits for ever.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/support/smtp_client.hpp"

namespace uflush::support {

struct Injection {
  std::string recipient;
  int count = 1;
  /// Whether the server has a message in spite of the answer that never came, by the sender's address.
  std::function<bool(const std::string& sender)> has_arrived;
};

/// Sends each message over a connection of its own, and again after trouble, so that each is accepted once.
/// Returns how many were: all, unless nobody listens any more or `limit` is over. No two messages of a test
/// program have the same sender.
[[nodiscard]] int inject_mail(const InetAddress& server, const Injection& injection,
                              milliseconds limit = 90'000ms);

}  // namespace uflush::support
