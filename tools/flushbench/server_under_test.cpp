#include "tools/flushbench/server_under_test.hpp"

#include <cstdlib>
#include <ctime>
#include <fstream>

namespace uflush::bench {

double to_seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

support::StandInOptions start_options(const ServerKind& kind, std::string_view floor) {
  support::StandInOptions options;
  options.program = kind.program;
  if (kind.is_floor) options.program.append("/").append(floor);
  options.chroot = true;  // as in the master.cf that Debian ships
  if (kind.syncs) options.arguments = {"-o", "uflush_durability=sync"};
  return options;
}

double process_cpu_seconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double memory_bytes(const std::vector<pid_t>& pids, std::string_view field) {
  constexpr double kib = 1024;
  double sum = 0;
  for (const pid_t pid : pids) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with(field)) sum += kib * std::atof(line.c_str() + field.size() + 1);
  }
  return sum;
}

ServerUnderTest::ServerUnderTest(const support::Spool& spool, const ServerKind& kind, std::string_view floor)
    : master_(spool, start_options(kind, floor)) {
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
