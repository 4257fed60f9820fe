/// One daemon with all that surrounds it, and what can be seen of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/differential/configuration.hpp"
#include "tests/differential/fault.hpp"
#include "tests/differential/snapshot.hpp"
#include "tests/differential/step.hpp"
#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::differential {

/// All that a step let us see.
struct Observation {
  std::string reply;                              ///< all bytes behind the announcement
  support::Ending ending = support::Ending::eof;  ///< of the (last) connection
  /// `HOST TAG: TEXT`, the side's own paths replaced by `@queue` and `@config`; nothing behind a fatal error,
  /// where the next process's start may already show.
  std::vector<std::string> log;
  std::string triggers;
  Snapshot spool;

  [[nodiscard]] bool has_fatal() const;
};

class Side {
 public:
  /// `program` runs under the name `flush`, so that log tags are alike.
  Side(const Configuration& configuration, const std::string& program);
  ~Side();

  void apply(const SpoolEvent& event, std::time_t base) const;
  [[nodiscard]] Snapshot spool(const StepClock& clock) const {
    return take_snapshot(spool_.queue().path(), clock);
  }
  /// Returns when the daemon has closed, and has logged and triggered all it had to.
  Observation perform(const Conversation& conversation, const StepClock& clock);
  /// Changes something that `seen` shows, as a faulty daemon would; false when it has nothing of that kind.
  bool spoil(Fault fault, const StepClock& clock, Observation& seen) const;
  /// Dates what the step touched back, so that the next step's touch can be told from it.
  void age_touched_files(const StepClock& clock) const;
  /// Another process in place of this one.
  void restart();
  /// Makes the spool empty, as it was at the start.
  void clear_spool() const;

 private:
  void write_files() const;
  void open_queue_manager();
  void start_proxymap();
  [[nodiscard]] support::Reply converse(const Conversation& conversation) const;
  void leave_early(const Conversation& conversation) const;
  std::vector<std::string> logged_up_to_now();
  std::string triggered_up_to_now();
  [[nodiscard]] std::string normalised(std::string record) const;

  const Configuration& configuration_;
  support::Spool spool_;
  support::TempDir program_directory_;
  std::optional<support::LogSocket> log_;
  std::optional<support::QmgrSocket> qmgr_;
  std::optional<support::MasterStandIn> proxymap_;
  std::optional<support::MasterStandIn> master_;
  std::size_t records_seen_ = 0;
  int markers_ = 0;
};

}  // namespace uflush::differential
