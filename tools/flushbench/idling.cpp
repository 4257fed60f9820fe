#include "tools/flushbench/idling.hpp"

#include <sys/resource.h>

#include "tests/support/failure.hpp"
#include "tools/flushbench/adding.hpp"
#include "tools/flushbench/usage_meter.hpp"

namespace uflush::bench {
namespace {

constexpr double mebibyte = 1024.0 * 1024;
constexpr std::size_t other_descriptors = 500;

}  // namespace

std::optional<std::string> Idling::obstacle() const {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max >= connections_ + other_descriptors) return std::nullopt;
  return "the limit of open files is " + std::to_string(limit.rlim_max);
}

Measurement Idling::measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const {
  const LoadShape one_client{.clients = 1, .sites = 100};
  spool.prepare_sites(one_client.sites);
  const ServerUnderTest server(spool.spool(), kind, "floor_add");
  const auto client = make_load_generator(server.socket_path(), one_client);
  const LoadResult warm = client->run(fourth_of(limit_));
  const double before = memory_bytes(server.pids(), "VmRSS");
  std::vector<support::FlushClient> idle;
  idle.reserve(connections_);
  while (idle.size() < connections_) {
    idle.push_back(server.connect());
    if (idle.back().read_announcement() != support::announcement_bytes)
      support::fail(kind.name + " does not take " + std::to_string(idle.size()) + " connections");
  }
  const double above = memory_bytes(server.pids(), "VmRSS") - before;
  const UsageMeter meter(server, pass);
  const LoadResult load = client->run(fourth_of(limit_));
  Measurement result = meter.finish(load.requests);
  take_over(load, result);
  check_adds(spool, kind, warm, load);
  result.figures = {{"memory of idle connections", "MiB", above / mebibyte}};
  return result;
}

}  // namespace uflush::bench
