#include "tools/flushbench/adding.hpp"

#include "tests/support/failure.hpp"
#include "tools/flushbench/usage_meter.hpp"

namespace uflush::bench {
namespace {

/// The processes start, and every site is known: as on a relay that has run for a while.
LoadResult warm_up(LoadGenerator& clients, LoadLimit limit, std::size_t sites) {
  LoadResult all = clients.run(limit);
  if (all.requests >= sites) return all;
  const LoadResult rest = clients.run({.requests = sites - all.requests, .stop = limit.stop});
  all.requests += rest.requests;
  all.refused += rest.refused;
  return all;
}

std::string count_of(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

LoadLimit fourth_of(LoadLimit limit) {
  if (limit.requests) limit.requests = (*limit.requests + 3) / 4;
  limit.duration /= 4;
  return limit;
}

void take_over(const LoadResult& load, Measurement& into) {
  const auto requests = static_cast<double>(load.requests);
  into.per_second = requests / load.seconds;
  into.client_cpu_us = load.client_cpu_seconds * 1e6 / requests;
  into.latency = load.latency;
  into.distribution = load.distribution;
}

void check_taken(const BenchSpool& spool, const ServerKind& kind, const LoadResult& load) {
  if (load.refused > 0)
    support::fail(kind.name + " refused " + std::to_string(load.refused) + " adds\n" + spool.log_text());
}

void check_adds(const BenchSpool& spool, const ServerKind& kind, const LoadResult& warm,
                const LoadResult& load) {
  check_taken(spool, kind, warm);
  check_taken(spool, kind, load);
  const std::uint64_t lines = spool.logfile_lines();
  const std::uint64_t adds = warm.requests + load.requests;
  if (lines != adds)
    support::fail(kind.name + " wrote " + std::to_string(lines) + " lines for " + std::to_string(adds) +
                  " adds\n" + spool.log_text());
}

std::string Adding::name() const {
  switch (kind_) {
    case AddKind::add:
      return "add";
    case AddKind::sync:
      return "sync";
    case AddKind::keep_open:
      return "keepopen";
    case AddKind::pipeline:
      return "pipeline";
  }
  return "";
}

std::string Adding::description() const {
  const std::string sites = ", " + count_of(shape_.sites, "site");
  if (shape_.batch == 0) return count_of(shape_.clients, "client") + sites;
  if (kind_ == AddKind::keep_open) return count_of(shape_.clients, "connection") + sites;
  return count_of(shape_.clients, "connection") + " x " + count_of(shape_.batch, "add") + sites;
}

std::vector<Step> Adding::steps() const {
  const auto sites = static_cast<double>(shape_.sites);
  const auto clients = static_cast<double>(shape_.clients);
  if (kind_ == AddKind::pipeline) {
    const std::string connections = count_of(shape_.clients, "connection");
    return {{"adds per write", static_cast<double>(shape_.batch),
             connections + ", " + count_of(shape_.sites, "site")},
            {"sites", sites, connections + " x " + count_of(shape_.batch, "add")}};
  }
  return {{"clients", clients, count_of(shape_.sites, "site")},
          {"sites", sites, count_of(shape_.clients, "client")}};
}

bool Adding::suits(const ServerKind& kind) const {
  // The stock daemon answers one request per connection.
  if (shape_.batch > 0) return !kind.is_stock && !kind.syncs;
  if (kind_ == AddKind::add) return !kind.syncs;
  if (kind.is_stock) return kind.processes_max == stock_processes_max_;
  return kind.syncs || !kind.is_floor;
}

Measurement Adding::measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const {
  spool.prepare_sites(shape_.sites);
  const ServerUnderTest server(spool.spool(), kind, "floor_add");
  const auto clients = make_load_generator(server.socket_path(), shape_);
  const LoadResult warm = warm_up(*clients, fourth_of(limit_), shape_.sites);
  const UsageMeter meter(server, pass);
  const LoadResult load = clients->run(pass == Pass::measure ? limit_ : fourth_of(limit_));
  Measurement result = meter.finish(load.requests);
  take_over(load, result);
  check_adds(spool, kind, warm, load);
  return result;
}

}  // namespace uflush::bench
