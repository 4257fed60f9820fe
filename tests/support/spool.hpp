/// A private configuration and queue directory with the owners and modes that Postfix's own have, for one
/// daemon without the rest of Postfix.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/queue_directory.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::support {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// Writes `name = value` lines, dated ten seconds back: Postfix waits while a main.cf is younger than that.
void write_main_cf(const std::string& config_directory, const Parameters& parameters);

class Spool {
 public:
  /// `parameters` come after (and so override) queue_directory, compatibility_level 3.6, myhostname
  /// relay.example, maillog_file (so that records go to public/postlog) and fast_flush_domains = static:all.
  /// `parent`: see TempDir.
  explicit Spool(const Parameters& parameters = {}, std::string_view parent = {});

  [[nodiscard]] const std::string& config_directory() const noexcept { return config_directory_; }
  [[nodiscard]] const QueueDirectory& queue() const noexcept { return queue_; }
  void set(const Parameters& parameters) const;

 private:
  TempDir top_;
  std::string config_directory_;
  QueueDirectory queue_;
};

}  // namespace uflush::support
