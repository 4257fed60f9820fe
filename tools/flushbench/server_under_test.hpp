/// One flush service while it is measured: its processes, kept going as master(8) would, and what they use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/master_stand_in.hpp"
#include "tools/flushbench/placement.hpp"

namespace uflush::bench {

/// A contestant.
struct ServerKind {
  std::string name;  ///< as shown: `uflush`, `flush x2`, `floor`
  std::string program;
  std::size_t processes_max = 1;  ///< master(8) starts them on demand
  bool is_stock = false;
  Placement placement = Placement::free;
  bool is_floor = false;  ///< a bare loop of the same system calls; `program` is the directory of these
  bool syncs = false;     ///< answers an add when its line is on the disk
};

/// How master(8) would start it. `floor`: which bare loop, when it is one: `floor_add`.
[[nodiscard]] support::StandInOptions start_options(const ServerKind& kind, std::string_view floor);

/// Runs from construction to destruction. Places the calling thread, too, which is to be the client.
class ServerUnderTest {
 public:
  ServerUnderTest(const support::Spool& spool, const ServerKind& kind, std::string_view floor);

  [[nodiscard]] std::string socket_path() const { return master_.socket_path(); }
  [[nodiscard]] support::FlushClient connect() const { return master_.connect(); }
  /// User and system time of all processes since they started, kernel worker threads (io-wq) included;
  /// wait4(2) tells it for those that have ended, their CPU clocks for the others, both to the nanosecond or
  /// so.
  [[nodiscard]] double cpu_seconds() const;
  [[nodiscard]] std::vector<pid_t> pids() const { return master_.pids(); }

 private:
  support::MasterStandIn master_;
};

/// CPU seconds of a process; 0 when there is none with that pid.
[[nodiscard]] double process_cpu_seconds(pid_t pid);
/// A line of /proc/PID/status that is in kB: `VmHWM`, the most that was resident, or `VmRSS`. Summed.
[[nodiscard]] double memory_bytes(const std::vector<pid_t>& pids, std::string_view field);
[[nodiscard]] double to_seconds(const timeval& time);

}  // namespace uflush::bench
