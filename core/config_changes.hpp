/// What the daemon does when its configuration changes: it makes room for a process that reads the new one,
/// if there would be such a process.
#pragma once

#include <functional>
#include <string>

#include "core/config_watch.hpp"
#include "core/log.hpp"
#include "core/privileged_client.hpp"
#include "io/event.hpp"
#include "io/scope.hpp"

namespace uflush {

/// Where changes are noticed, and what is to be done. Everything is borrowed.
struct ConfigChangesContext {
  Loop& loop;
  Log& log;
  ConfigWatch* watch = nullptr;            ///< null: inotify is not to be had
  PrivilegedClient* privileged = nullptr;  ///< null: nobody can hold a rehearsal
  std::function<void()> leave = {};        ///< end, when the work is done
  std::function<void(bool)> stay = {};     ///< true: a next process would not start, so do not retire
};

/// A change is followed by a rehearsal of a start, and that by the end of this process; or, when the start
/// would fail, by one warning. The configuration is looked at again with each further change, and every now
/// and then: a start can also fail for reasons that are in no file that was read.
///
/// Where no rehearsal can be held the process ends at once, as it also does for a change.
class ConfigChanges {
 public:
  explicit ConfigChanges(const ConfigChangesContext& context);
  ConfigChanges(const ConfigChanges&) = delete;
  ConfigChanges& operator=(const ConfigChanges&) = delete;
  ~ConfigChanges();

  /// Until `stop`, or until it has said that the process must leave.
  Task<void> run(StopToken stop);

 private:
  class Retry;

  Task<void> read_watch(StopToken stop);
  void take_news();
  void stay(const std::string& why, Duration rehearsal_took);

  ConfigChangesContext context_;
  Event news_;
  StopSource done_;
  bool changed_ = false;
  bool retry_ = false;
  std::string why_it_stays_;
  std::unique_ptr<Retry> retry_timer_;
};

}  // namespace uflush
