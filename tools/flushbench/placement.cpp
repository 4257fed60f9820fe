#include "tools/flushbench/placement.hpp"

#include <sched.h>

#include "tests/support/failure.hpp"

namespace uflush::bench {
namespace {

cpu_set_t allowed_cpus() {
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) support::fail_errno("sched_getaffinity");
  return cpus;
}

/// What we were started with.
const cpu_set_t& all_cpus() {
  static const cpu_set_t cpus = allowed_cpus();
  return cpus;
}

cpu_set_t first_cpu() {
  int first = 0;
  while (!CPU_ISSET(first, &all_cpus())) ++first;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(first, &cpus);
  return cpus;
}

void run_on(const cpu_set_t& cpus) {
  if (::sched_setaffinity(0, sizeof cpus, &cpus) != 0) support::fail_errno("sched_setaffinity");
}

}  // namespace

void place_servers(Placement placement) {
  if (placement == Placement::free) return;
  const cpu_set_t first = first_cpu();
  if (placement == Placement::together) return run_on(first);
  cpu_set_t others;
  CPU_XOR(&others, &all_cpus(), &first);
  if (CPU_COUNT(&others) == 0) support::fail("one CPU only: nothing can be placed apart");
  run_on(others);
}

void place_clients(Placement placement) {
  if (placement != Placement::free) run_on(first_cpu());
}

}  // namespace uflush::bench
