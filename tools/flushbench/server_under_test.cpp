#include "tools/flushbench/server_under_test.hpp"

#include <ctime>

namespace uflush::bench {
namespace {

double to_seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

support::StandInOptions options_of(const ServerKind& kind) {
  support::StandInOptions options;
  options.program = kind.program;
  options.chroot = true;  // as in the master.cf that Debian ships
  return options;
}

}  // namespace

double process_cpu_seconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

ServerUnderTest::ServerUnderTest(const support::Spool& spool, const ServerKind& kind)
    : master_(spool, options_of(kind)) {
  place_servers(kind.placement);
  master_.supervise(kind.processes_max);
  place_clients(kind.placement);
}

double ServerUnderTest::cpu_seconds() const {
  for (;;) {
    const std::size_t ended = master_.exits().size();
    double seconds = 0;
    for (const pid_t pid : master_.pids()) seconds += process_cpu_seconds(pid);
    const std::vector<support::Exit> exits = master_.exits();
    for (const support::Exit& exit : exits)
      seconds += to_seconds(exit.usage.ru_utime) + to_seconds(exit.usage.ru_stime);
    if (exits.size() == ended) return seconds;  // else a process may have been counted twice
  }
}

}  // namespace uflush::bench
