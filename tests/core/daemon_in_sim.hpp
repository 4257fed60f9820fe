/// The service, complete, in a simulated world: everything above the seams is the code of the daemon.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/server.hpp"
#include "tests/sim/sim.hpp"

namespace uflush {

/// Keeps the records.
class MemoryLog final : public LogSink {
 public:
  void write(Severity severity, std::string_view text) override {
    records.push_back(std::string(severity_prefix(severity)) + std::string(text));
  }
  std::vector<std::string> records;
};

/// A spool with the queue directories, the daemon serving on public/flush.
class DaemonInSim {
 public:
  /// Starts at once. `config.fast_flush_domains` defaults to every site.
  explicit DaemonInSim(Sim& sim, Config config = everybody_is_welcome());
  ~DaemonInSim();
  DaemonInSim(const DaemonInSim&) = delete;
  DaemonInSim& operator=(const DaemonInSim&) = delete;

  /// Sends the request as a stock client does; returns what the daemon said after its announcement.
  std::string request(const FlushRequest& request);
  Status ask(const FlushRequest& request);

  [[nodiscard]] static Config everybody_is_welcome();

  Sim& sim;
  MemoryLog sink;
  Log log;
  Config config;
  QueueLayout layout;
  SiteNames names;
  std::unique_ptr<EligibleSites> eligible;
  QueueManager queue_manager;
  SpoolAccess spool;
  Service service;
  Server server;
  int exit_status = -1;

 private:
  Task<void> run();
};

}  // namespace uflush
