/// Bytes of connections in a form that reads well.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {

/// With "|" for each NUL.
inline std::string wire(std::string_view text) {
  std::string bytes(text);
  std::replace(bytes.begin(), bytes.end(), '|', '\0');
  return bytes;
}

/// What a client was told after the announcement.
inline std::string told(const SimClient& client) {
  const std::string& all = client.received();
  return all.starts_with(announcement) ? all.substr(announcement.size()) : "no announcement: " + all;
}

inline std::string replies(std::initializer_list<Status> statuses) {
  std::string bytes;
  for (const Status status : statuses) bytes += reply_bytes(status);
  return bytes;
}

/// In the form that wire() takes.
inline constexpr const char* add = "request|add|site|example.com|queue_id|A1||";
inline constexpr const char* add_2 = "request|add|site|example.com|queue_id|B2||";

}  // namespace uflush
