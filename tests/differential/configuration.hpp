/// The settings that the differential tester runs both daemons with, each for what it alone reaches.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/spool.hpp"

namespace uflush::differential {

/// What public/qmgr is.
enum class QueueManagerKind { stream, fifo, missing, plain_file };

struct Configuration {
  std::string name;
  support::Parameters main_cf = {};
  /// Written into the configuration directory before the daemon starts; `@config` is that directory.
  std::map<std::string, std::string> files = {};
  /// `type` to `file`: tables that postmap(1) compiles.
  std::map<std::string, std::string> compiled = {};
  /// Statements for sqlite3(1), which make sites.db in the configuration directory.
  std::string sql = {};
  /// proxymap(8) serves private/proxymap.
  bool proxymap = false;
  /// Of the daemon, behind those that master(8) composes.
  std::vector<std::string> arguments = {};
  /// Records go to /dev/log instead of public/postlog.
  bool syslog = false;
  std::string service = "flush";
  bool chroot = false;
  QueueManagerKind queue_manager = QueueManagerKind::stream;
  /// Clients do not end their half of an unfinished request now and then, but let the daemon's time run out.
  bool clients_fall_silent = false;
  std::string hash_queue_names = "deferred, defer";
  int hash_queue_depth = 1;

  /// main_cf with the settings of the two above.
  [[nodiscard]] support::Parameters parameters() const;
};

[[nodiscard]] const std::vector<Configuration>& configurations();

}  // namespace uflush::differential
