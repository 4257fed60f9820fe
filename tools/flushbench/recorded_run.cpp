#include "tools/flushbench/recorded_run.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/failure.hpp"

namespace uflush::bench {
namespace {

using Json = nlohmann::ordered_json;  // figures come in the order of the run

Quantity quantity(const Json& json) {
  return {json.at("median").get<double>(), json.at("low").get<double>(), json.at("high").get<double>()};
}

/// Nothing when the row lacks it, or has null. What was measured once is a plain number.
std::optional<Quantity> optional_quantity(const Json& row, const char* name) {
  const auto found = row.find(name);
  if (found == row.end() || found->is_null()) return std::nullopt;
  if (found->is_number()) return Quantity{found->get<double>(), found->get<double>(), found->get<double>()};
  return quantity(*found);
}

/// An empty list when the row lacks it.
Json list(const Json& row, const char* name) {
  return row.value(name, Json::array());
}

ServerRole role_of(const Json& row) {
  if (row.value("floor", false)) return ServerRole::floor;
  return row.at("stock").get<bool>() ? ServerRole::stock : ServerRole::ours;
}

std::vector<ShareLatency> read_distribution(const Json& row) {
  std::vector<ShareLatency> distribution;
  for (const Json& point : list(row, "latency_distribution"))
    distribution.push_back({point.at("share").get<double>(), point.at("us").get<double>()});
  return distribution;
}

std::vector<Step> read_steps(const Json& row) {
  std::vector<Step> steps;
  for (const Json& step : list(row, "steps"))
    steps.push_back({step.at("quantity").get<std::string>(), step.at("value").get<double>(),
                     step.at("curve").get<std::string>()});
  return steps;
}

std::vector<RecordedFigure> read_figures(const Json& row) {
  std::vector<RecordedFigure> figures;
  const Json recorded = row.value("figures", Json::object());
  for (const auto& [name, figure] : recorded.items())
    figures.push_back({name, figure.at("unit").get<std::string>(), quantity(figure)});
  return figures;
}

RecordedRow read_row(const Json& row) {
  RecordedRow read;
  read.kind = row.at("workload").get<std::string>();
  read.workload = fmt::format("{}: {}", read.kind, row.at("description").get<std::string>());
  read.operation = row.at("operation").get<std::string>();
  read.server = row.at("server").get<std::string>();
  read.role = role_of(row);
  read.syncs = row.value("syncs", false);
  read.rounds = row.at("rounds").get<std::size_t>();
  read.processes = row.at("processes").get<double>();
  read.client_is_the_limit = row.value("client_is_the_limit", false);
  read.per_second = quantity(row.at("per_second"));
  read.server_cpu_us = quantity(row.at("server_cpu_us"));
  read.client_cpu_us = quantity(row.at("client_cpu_us"));
  const Json& latency = row.at("latency_us");
  read.p50_us = quantity(latency.at("p50"));
  read.p99_us = quantity(latency.at("p99"));
  read.p999_us = quantity(latency.at("p99.9"));
  read.max_us = quantity(latency.at("max"));
  read.memory_peak_bytes = optional_quantity(row, "memory_peak_bytes");
  read.system_calls = optional_quantity(row, "system_calls");
  read.distribution = read_distribution(row);
  read.steps = read_steps(row);
  read.figures = read_figures(row);
  return read;
}

std::vector<std::pair<std::string, std::string>> read_facts(const Json& machine) {
  const auto text = [&machine](const char* name) { return machine.at(name).get<std::string>(); };
  return {{"CPU", fmt::format("{} x {}", machine.at("cpus").get<unsigned>(), text("cpu"))},
          {"Kernel", text("kernel")},
          {"File system", text("file_system")},
          {"uflush", fmt::format("{} ({})", text("uflush_version"), text("compiler"))},
          {"Postfix", text("postfix_version")},
          {"Load before", text("load_average")}};
}

}  // namespace

RecordedRun read_run(std::string_view json) {
  try {
    const Json all = Json::parse(json);
    RecordedRun run;
    run.command = all.at("command").get<std::string>();
    run.date = all.value("date", "");
    run.facts = read_facts(all.at("machine"));
    for (const Json& row : all.at("results")) run.rows.push_back(read_row(row));
    return run;
  } catch (const Json::exception& error) {
    support::fail(std::string("not the JSON of a run: ") + error.what());
  }
}

std::vector<RecordedWorkload> workloads_of(const RecordedRun& run) {
  std::vector<RecordedWorkload> workloads;
  for (const RecordedRow& row : run.rows) {
    const auto known = std::find_if(workloads.begin(), workloads.end(), [&row](const RecordedWorkload& each) {
      return each.name == row.workload;
    });
    if (known != workloads.end())
      known->rows.push_back(&row);
    else
      workloads.push_back({row.workload, {&row}});
  }
  return workloads;
}

const RecordedRow* best_stock(const RecordedWorkload& workload) {
  const RecordedRow* best = nullptr;
  for (const RecordedRow* row : workload.rows) {
    if (row->role != ServerRole::stock) continue;
    if (best == nullptr || row->per_second.median > best->per_second.median) best = row;
  }
  return best;
}

const RecordedRow* floor_of(const RecordedWorkload& workload, const RecordedRow& row) {
  if (row.role == ServerRole::floor) return nullptr;
  const auto found =
      std::find_if(workload.rows.begin(), workload.rows.end(), [&row](const RecordedRow* other) {
        return other->role == ServerRole::floor && other->syncs == row.syncs;
      });
  return found == workload.rows.end() ? nullptr : *found;
}

}  // namespace uflush::bench
