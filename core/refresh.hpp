/// Refresh and purge: going over all logfiles (BEHAVIOUR.md 3.5).
///
/// What the reference dies of and we do not: a logfile or directory whose name or kind does not fit
/// (10.3, 10.4), and an empty log is unlinked under its lock, so that no add is lost (10.6).
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "core/sender.hpp"

namespace uflush {

class Refresher {
 public:
  Refresher(SpoolAccess& spool, Sender& sender)
      : spool_(spool), sender_(sender), one_at_a_time_(spool.loop) {}

  /// Sends every log that nobody has looked at for longer than `max_age`, and removes empty logs that are
  /// older than fast_flush_purge_time. In slices, in the background of other requests; one refresh at a time.
  /// `stop` ends it early: the next refresh does the rest.
  Task<void> refresh(std::chrono::seconds max_age, StopToken stop);

 private:
  struct Directory;
  struct Findings;
  Task<void> scan(std::string path, std::chrono::seconds max_age, Scope& aside, StopToken stop);
  Task<void> act_on(const Findings& findings, std::chrono::seconds max_age, Scope& aside, StopToken stop);
  Findings look_at(const Directory& directory, std::size_t begin, std::chrono::seconds max_age) const;
  void look_at(const Directory& directory, const std::string& name, std::chrono::seconds max_age,
               std::time_t now, Findings& findings) const;
  [[nodiscard]] std::string path_of(const std::string& name) const;
  bool remove_if_empty(const std::string& path, Findings& findings) const;

  SpoolAccess& spool_;
  Sender& sender_;
  Mutex one_at_a_time_;
};

}  // namespace uflush
