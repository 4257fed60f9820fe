#include "tools/flushbench/adding.hpp"

#include "tests/support/failure.hpp"
#include "tools/flushbench/add_requests.hpp"

namespace uflush::bench {
namespace {

/// All were taken, and all their lines are in the logfiles.
void check(const BenchSpool& spool, const ServerKind& kind, const LoadResult& warm, const LoadResult& load) {
  if (warm.refused + load.refused > 0)
    support::fail(kind.name + " refused " + std::to_string(warm.refused + load.refused) + " adds\n" +
                  spool.log_text());
  const std::uint64_t lines = spool.logfile_bytes() / AddRequests::line_bytes;
  if (lines != warm.requests + load.requests)
    support::fail(kind.name + " wrote " + std::to_string(lines) + " lines for " +
                  std::to_string(warm.requests + load.requests) + " adds\n" + spool.log_text());
}

}  // namespace

std::string Adding::description() const {
  const std::string sites = ", " + std::to_string(shape_.sites) + " sites";
  if (shape_.batch == 0)
    return std::to_string(shape_.clients) + (shape_.clients == 1 ? " client" : " clients") + sites;
  return std::to_string(shape_.clients) + " connections x " + std::to_string(shape_.batch) + " adds" + sites;
}

std::vector<Step> Adding::steps() const {
  const auto sites = static_cast<double>(shape_.sites);
  const auto clients = static_cast<double>(shape_.clients);
  if (shape_.batch > 0)
    return {{"batch", static_cast<double>(shape_.batch), std::to_string(shape_.clients) + " connections"}};
  return {{"clients", clients, std::to_string(shape_.sites) + " sites"},
          {"sites", sites, std::to_string(shape_.clients) + " clients"}};
}

/// A quarter more, unmeasured: the processes start, the logfiles are made.
LoadLimit Adding::warm_up() const {
  LoadLimit limit = limit_;
  if (limit.requests) limit.requests = *limit.requests / 4;
  limit.duration /= 4;
  return limit;
}

Measurement Adding::measure(BenchSpool& spool, const ServerKind& kind) const {
  spool.remove_logfiles();
  const ServerUnderTest server(spool.spool(), kind);
  const auto clients = make_load_generator(server.socket_path(), shape_);
  const LoadResult warm = clients->run(warm_up());
  const double cpu_before = server.cpu_seconds();
  const LoadResult load = clients->run(limit_);
  const double cpu = server.cpu_seconds() - cpu_before;
  check(spool, kind, warm, load);
  const auto adds = static_cast<double>(load.requests);
  return {adds / load.seconds, cpu * 1e6 / adds,   load.client_cpu_seconds * 1e6 / adds,
          load.latency,        server.processes(), load.distribution};
}

}  // namespace uflush::bench
