/// One flush service while it is measured: its processes, kept going as master(8) would, and their CPU time.
#pragma once

#include <string>

#include "tests/support/master_stand_in.hpp"
#include "tools/flushbench/placement.hpp"

namespace uflush::bench {

/// A contestant.
struct ServerKind {
  std::string name;  ///< as shown: `uflush`, `flush x2`
  std::string program;
  std::size_t processes_max = 1;  ///< master(8) starts them on demand
  bool is_stock = false;
  Placement placement = Placement::free;
  bool is_floor = false;  ///< a bare loop of the same system calls; `program` is the directory of these
  bool syncs = false;     ///< answers an add when its line is on the disk
};

/// Runs from construction to destruction. Places the calling thread, too, which is to be the client.
class ServerUnderTest {
 public:
  ServerUnderTest(const support::Spool& spool, const ServerKind& kind);

  [[nodiscard]] std::string socket_path() const { return master_.socket_path(); }
  /// User and system time of all processes since they started, kernel worker threads (io-wq) included;
  /// wait4(2) tells it for those that have ended, their CPU clocks for the others, both to the nanosecond or
  /// so.
  [[nodiscard]] double cpu_seconds() const;
  [[nodiscard]] std::size_t processes() const { return master_.pids().size(); }

 private:
  support::MasterStandIn master_;
};

/// CPU seconds of a process; 0 when there is none with that pid.
[[nodiscard]] double process_cpu_seconds(pid_t pid);

}  // namespace uflush::bench
