#include <nlohmann/json.hpp>

#include "tools/flushbench/report.hpp"

namespace uflush::bench {
namespace {

using Json = nlohmann::ordered_json;

/// A command line may hold bytes that are not UTF-8.
std::string as_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

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

/// The median of all rounds at each of distribution_shares().
Json distribution_of(const Series& series) {
  Json points = Json::array();
  for (std::size_t at = 0; at < distribution_shares().size(); ++at) {
    std::vector<double> values;
    for (const Measurement& round : series.rounds)
      if (at < round.distribution.size()) values.push_back(round.distribution[at]);
    if (!values.empty())
      points.push_back({{"share", distribution_shares()[at]}, {"us", summarize(std::move(values)).median}});
  }
  return points;
}

Json steps_of(const Workload& workload) {
  Json steps = Json::array();
  for (const Step& step : workload.steps())
    steps.push_back({{"quantity", step.quantity}, {"value", step.value}, {"curve", step.curve}});
  return steps;
}

Json figures_of(const Series& series) {
  Json figures = Json::object();
  if (series.rounds.empty()) return figures;
  for (const Figure& figure : series.rounds.front().figures) {
    figures[figure.name] = to_json(series.figure(figure.name));
    figures[figure.name]["unit"] = figure.unit;
  }
  return figures;
}

Json system_calls_of(const Series& series) {
  if (series.rounds.empty() || !series.rounds.front().system_calls) return nullptr;
  return *series.rounds.front().system_calls;
}

void add_ratios(Json& row, const std::string& to, const Series* other, const Series& series) {
  if (other == nullptr) return;
  const auto median = [](const Series& of, double Measurement::*which) { return of.summary(which).median; };
  row["rate_to_" + to] = median(series, &Measurement::per_second) / median(*other, &Measurement::per_second);
  row["cpu_of_" + to + "_to_ours"] =
      median(*other, &Measurement::server_cpu_us) / median(series, &Measurement::server_cpu_us);
}

Json to_json(const Series& series, const std::vector<Series>& all) {
  Json row = {{"workload", series.workload->name()},
              {"description", series.workload->description()},
              {"operation", series.workload->operation()},
              {"server", series.server->name},
              {"program", series.server->program},
              {"stock", series.server->is_stock},
              {"floor", series.server->is_floor},
              {"syncs", series.server->syncs},
              {"steps", steps_of(*series.workload)},
              {"processes", series.summary(&Measurement::processes).median},
              {"rounds", series.rounds.size()},
              {"per_second", to_json(series.summary(&Measurement::per_second))},
              {"server_cpu_us", to_json(series.summary(&Measurement::server_cpu_us))},
              {"client_cpu_us", to_json(series.summary(&Measurement::client_cpu_us))},
              {"client_is_the_limit", client_is_the_limit(series)},
              {"memory_peak_bytes", to_json(series.summary(&Measurement::memory_peak_bytes))},
              {"system_calls", system_calls_of(series)},
              {"latency_us", latencies_of(series)},
              {"latency_distribution", distribution_of(series)},
              {"figures", figures_of(series)}};
  add_ratios(row, "best_stock", best_stock(all, *series.workload), series);
  add_ratios(row, "floor", floor_of(all, series), series);
  add_ratios(row, "none", without_sync(all, series), series);
  return row;
}

}  // namespace

std::string as_json(const Report& report) {
  Json rows = Json::array();
  for (const Series& series : report.series) rows.push_back(to_json(series, report.series));
  const Json all = {{"command", report.command_line},
                    {"date", report.date},
                    {"machine", to_json(report.machine)},
                    {"results", rows}};
  return as_text(all);
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
  return as_text(all);
}

}  // namespace uflush::bench
