/// Messages that wait for one site.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {

inline constexpr const char* log_path = "flush/example_com";
inline const SendSiteRequest send_request{"example.com"};

inline std::string deferred(std::string_view id) {
  return std::string("deferred/").append(id.substr(0, 1)).append("/").append(id);
}
inline std::string incoming(std::string_view id) {
  return std::string("incoming/").append(id);
}

/// A spool whose log lists each of `ids`, whose messages are deferred.
inline void defer(Sim& sim, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    sim.files.write(deferred(id), "message");
    sim.files.append(log_path, id + "\n");
  }
}

inline std::vector<std::string> many_ids(std::size_t count) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(numbered(std::string(1, "ABCDEF"[i % 6]), i));
  return ids;
}

}  // namespace uflush
