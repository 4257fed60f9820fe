#include <nlohmann/json.hpp>

#include "tools/flushbench/report.hpp"

namespace uflush::bench {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Machine& machine) {
  return {{"cpu", machine.cpu},
          {"cpus", machine.cpus},
          {"kernel", machine.kernel},
          {"file_system", machine.file_system},
          {"load_average", machine.load_average},
          {"uflush_version", machine.uflush_version},
          {"compiler", machine.compiler},
          {"postfix_version", machine.postfix_version}};
}

Json to_json(const Summary& summary) {
  return {{"median", summary.median}, {"low", summary.low}, {"high", summary.high}};
}

Json latencies_of(const Series& series) {
  const auto percentile = [&series](double Percentiles::*which) {
    return to_json(series.summary([which](const Measurement& round) { return round.latency.*which; }));
  };
  return {{"p50", percentile(&Percentiles::p50_us)},
          {"p99", percentile(&Percentiles::p99_us)},
          {"p99.9", percentile(&Percentiles::p999_us)},
          {"max", percentile(&Percentiles::max_us)}};
}

Json to_json(const Series& series, const Series* stock) {
  const Summary rate = series.summary(&Measurement::per_second);
  const Summary cpu = series.summary(&Measurement::server_cpu_us);
  Json row = {{"workload", series.workload->name()},
              {"description", series.workload->description()},
              {"operation", series.workload->operation()},
              {"server", series.server->name},
              {"program", series.server->program},
              {"stock", series.server->is_stock},
              {"processes", series.summary(&Measurement::processes).median},
              {"rounds", series.rounds.size()},
              {"per_second", to_json(rate)},
              {"server_cpu_us", to_json(cpu)},
              {"client_cpu_us", to_json(series.summary(&Measurement::client_cpu_us))},
              {"latency_us", latencies_of(series)}};
  if (stock != nullptr) {
    row["rate_to_best_stock"] = rate.median / stock->summary(&Measurement::per_second).median;
    row["cpu_of_best_stock_to_ours"] = stock->summary(&Measurement::server_cpu_us).median / cpu.median;
  }
  return row;
}

}  // namespace

std::string as_json(const Report& report) {
  Json rows = Json::array();
  for (const Series& series : report.series)
    rows.push_back(to_json(series, best_stock(report.series, *series.workload)));
  const Json all = {
      {"command", report.command_line}, {"machine", to_json(report.machine)}, {"results", rows}};
  return all.dump(2) + "\n";
}

std::string as_json(const LoadResult& load) {
  const auto requests = static_cast<double>(load.requests);
  const Json all = {{"requests", load.requests},
                    {"refused", load.refused},
                    {"seconds", load.seconds},
                    {"per_second", requests / load.seconds},
                    {"client_cpu_us", load.client_cpu_seconds * 1e6 / requests},
                    {"latency_us",
                     {{"p50", load.latency.p50_us},
                      {"p99", load.latency.p99_us},
                      {"p99.9", load.latency.p999_us},
                      {"max", load.latency.max_us}}}};
  return all.dump(2) + "\n";
}

}  // namespace uflush::bench
