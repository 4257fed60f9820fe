/// The system calls of a send: from the deferred queue to the incoming queue.
#pragma once

#include <string>
#include <string_view>

namespace uflush::floor {

/// `flush/example_com` for `example.com`.
[[nodiscard]] std::string log_path(std::string_view site);

/// Moves what the logfile lists, grouped by hash directory, and empties it; lines that come in meanwhile
/// stay. Wakes the queue manager after 128 messages, every half second, and at the end.
void send_log(const std::string& path, bool unthrottle);

/// Moves one message, and marks it.
void send_file(std::string_view queue_id);

}  // namespace uflush::floor
