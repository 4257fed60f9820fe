/// Starts of a daemon that shall fail, or not, many at a time: the reference sleeps for a second before it
/// exits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"

namespace uflush::support {

using Arguments = std::vector<std::string>;

/// What master(8) gives a service without a process limit.
inline const Arguments usual_arguments = {"-z", "-t", "unix", "-u"};

/// One broken start.
struct Start {
  std::string title;
  std::string log;  ///< its last record; `@config` is the configuration directory
  Arguments arguments = usual_arguments;
  Parameters main_cf = {};
  std::vector<std::string> environment = {};
  std::function<void(const Spool&)> spoil = [](const Spool&) {};
};

/// A start on its way.
struct Attempt {
  explicit Attempt(const Start& the_start);

  [[nodiscard]] std::string expected_log() const;

  Start start;
  Spool spool;
  LogSocket log;
  MasterStandIn master;
  ChildProcess* child = nullptr;
};

/// Each ends with status 1 and the record that it expects.
void expect_fatal(const std::vector<Start>& starts);

}  // namespace uflush::support
