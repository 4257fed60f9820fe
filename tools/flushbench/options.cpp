#include "tools/flushbench/options.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/support/tested_daemon.hpp"

namespace uflush::bench {
namespace {

constexpr int exit_usage = 2;

/// The uflush that was built with this flushbench.
std::string own_uflush() {
  std::error_code error;
  return (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "uflush").string();
}

/// The bare loops that were built with it, or were installed with it; empty when there are none.
std::string own_floors() {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& directory : {here, here.parent_path() / "lib/uflush"})
    if (std::filesystem::exists(directory / "floor_add", error)) return directory.string();
  return "";
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  names.reserve(workload_names().size());
  for (const WorkloadName& workload : workload_names()) names.push_back(workload.name);
  return names;
}

std::string workload_help() {
  std::string text = "Workloads of run:\n";
  for (const WorkloadName& workload : workload_names())
    text += fmt::format("  {:34}{}\n", workload.name, workload.what);
  return text;
}

/// The whole matrix has sends in memory, too.
std::vector<Place> choose_places(std::vector<std::string> workloads,
                                 const std::vector<std::string>& directories, bool full) {
  if (workloads.empty()) workloads = all_names();
  std::vector<Place> places;
  places.reserve(directories.size() + 2);
  for (const std::string& directory : directories) places.push_back({directory, workloads});
  if (!places.empty()) return places;
  places.push_back({"", workloads});
  const std::string tmpfs = "/dev/shm";
  const bool sends = std::find(workloads.begin(), workloads.end(), "send") != workloads.end();
  if (full && sends && std::filesystem::is_directory(tmpfs)) places.push_back({tmpfs, {"send"}});
  return places;
}

/// Options that both subcommands know. `seconds` and `requests` live until parsing is over.
void add_limit(CLI::App& command, double& seconds, std::uint64_t& requests) {
  command.add_option("--duration", seconds, "Seconds that one measurement takes")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--requests", requests, "Requests per measurement, instead of --duration")
      ->check(CLI::PositiveNumber);
}

void add_ring(CLI::App& command, bool& ring) {
  command.add_flag("--ring,!--no-ring", ring,
                   "Play one-shot clients with io_uring (default) or with epoll(7)");
}

LoadLimit to_limit(double seconds, std::uint64_t requests) {
  LoadLimit limit;
  if (requests > 0) limit.requests = requests;
  limit.duration =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  return limit;
}

/// A list of sizes: `1,16,256`.
void add_list(CLI::App& command, const std::string& name, std::vector<std::size_t>& sizes,
              std::size_t size_max, const std::string& description) {
  command.add_option(name, sizes, description)
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{1}, size_max))
      ->type_name("N,...");
}

void add_sizes(CLI::App& command, WorkloadOptions& sizes) {
  add_list(command, "--clients", sizes.clients, 10'000,
           "add (1,16,256), sync (16,256), add-during-send (1): clients at a time");
  add_list(command, "--sites", sizes.sites, 1'000'000,
           "add, keepopen, pipeline (100), sync (1): sites, used in turn");
  add_list(command, "--connections", sizes.connections, 10'000,
           "keepopen, pipeline (16): connections that stay");
  add_list(command, "--batch", sizes.batches, 2'000, "pipeline (64,1024): adds per write");
  add_list(command, "--messages", sizes.messages, 10'000'000,
           "send, send-cold (20000), add-during-send (50000), send-file (at most 1000): messages to move");
  add_list(command, "--logfiles", sizes.logfiles, 10'000'000, "refresh (10000): logfiles");
  command.add_option("--idle", sizes.idle, "idle: connections that say nothing")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_flag("--full", sizes.full,
                   "The whole matrix instead of the defaults: 1 to 1000 clients, 1 to 100000 sites, batches "
                   "of 1 to 1024, 1000 to 500000 messages, 100000 logfiles (hours)");
}

void add_contestants(CLI::App& command, RunOptions& options) {
  command.add_option("--uflush", options.uflush_program, "The uflush to measure")->capture_default_str();
  command.add_option("--stock", options.stock_program, "Postfix's flush to compare with")
      ->capture_default_str();
  command
      .add_option("--stock-processes", options.stock_processes,
                  "Process limits of the stock daemon, one row each")
      ->delimiter(',')
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  CLI::Option* only_stock = command.add_flag("--only-stock", options.skip_uflush, "Leave uflush out");
  command.add_flag("--only-uflush", options.skip_stock, "Leave the stock daemon out")->excludes(only_stock);
  command.add_flag("--no-floor", options.skip_floor, "Leave the bare loops of the same system calls out");
  static const std::map<std::string, Placement> placements = {
      {"free", Placement::free}, {"together", Placement::together}, {"apart", Placement::apart}};
  command
      .add_option(
          "--placement", options.placement,
          "CPUs: free (default), together (all on one), apart (clients on one, servers on the others)")
      ->transform(CLI::CheckedTransformer(placements));
}

}  // namespace

std::variant<RunOptions, LoadOptions, ReportOptions> parse_command_line(int argc, char** argv) {
  CLI::App app{"Measures flush daemons: uflush and Postfix's own, on the same spool, in turn."};
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);

  RunOptions run;
  run.uflush_program = own_uflush();
  run.stock_program = support::stock_daemon;
  LoadOptions load;
  double seconds = 0.5;
  std::uint64_t requests = 0;
  std::size_t rounds = 0;
  std::vector<std::string> workloads, directories;

  CLI::App& run_command =
      *app.add_subcommand("run", "Servers side by side, on a spool made for it (as root)");
  run_command.add_option("workload", workloads, "What to measure: see below (default: everything)")
      ->check(CLI::IsMember(all_names()))
      ->option_text("...");
  run_command.footer(workload_help());
  add_sizes(run_command, run.sizes);
  add_limit(run_command, seconds, requests);
  run_command.add_option("--rounds", rounds, "Rounds (default: 5 to 15, until the medians settle within 3%)")
      ->check(CLI::PositiveNumber);
  run_command
      .add_option("--filesystem", directories,
                  "Directories to make the spool in, one after the other (default: $TMPDIR, /tmp)")
      ->delimiter(',')
      ->check(CLI::ExistingDirectory)
      ->type_name("DIR,...");
  add_ring(run_command, run.sizes.ring);
  run_command.add_flag("!--no-system-calls", run.rounds.count_system_calls, "Do not count system calls");
  run_command.add_option("--json", run.json_path, "Write the numbers to this file too");
  run_command.add_option("--report", run.report_path, "Write a page with plots to this file too (HTML)");
  add_contestants(run_command, run);

  CLI::App& load_command = *app.add_subcommand("load", "Loads the flush service behind one socket");
  load_command.add_option("--socket", load.socket_path, "Its path")->required();
  load_command.add_option("--clients", load.shape.clients, "Clients at a time")->capture_default_str();
  load_command.add_option("--sites", load.shape.sites, "Sites, used in turn")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  load_command
      .add_option("--batch", load.shape.batch,
                  "Requests per write on connections that stay; 0: one per connection")
      ->capture_default_str();
  add_ring(load_command, load.shape.ring);
  static const std::map<std::string, RequestKind> requests_by_name = {{"add", RequestKind::add},
                                                                      {"send-site", RequestKind::send_site}};
  load_command.add_option("--request", load.shape.request, "add (default) or send-site")
      ->transform(CLI::CheckedTransformer(requests_by_name));
  add_limit(load_command, seconds, requests);
  load_command.add_option("--json", load.json_path, "Write the numbers to this file too");

  ReportOptions report;
  CLI::App& report_command = *app.add_subcommand("report", "Makes the page of a run out of its --json file");
  report_command.add_option("json", report.json_path, "What --json has written")
      ->required()
      ->check(CLI::ExistingFile);
  report_command.add_option("html", report.html_path, "Where the page goes")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : exit_usage);
  }
  if (report_command.parsed()) return report;
  if (load_command.parsed()) {
    load.limit = to_limit(seconds, requests);
    return load;
  }
  run.places = choose_places(workloads, directories, run.sizes.full);
  run.sizes.stock_processes_max = *std::max_element(run.stock_processes.begin(), run.stock_processes.end());
  if (rounds > 0) run.rounds.rounds_min = run.rounds.rounds_max = rounds;
  run.sizes.limit = to_limit(seconds, requests);
  return run;
}

std::vector<ServerKind> contestants(const RunOptions& options) {
  std::vector<ServerKind> servers;
  // As many processes as master(8) would allow: one that never says that it is busy remains the only one.
  constexpr std::size_t on_demand = 100;
  const Placement placement = options.placement;
  if (!options.skip_uflush) {
    servers.push_back({"uflush", options.uflush_program, on_demand, false, placement});
    servers.push_back({"uflush sync", options.uflush_program, on_demand, false, placement, false, true});
  }
  for (const std::size_t processes : options.stock_processes) {
    if (options.skip_stock) break;
    const std::string name = "flush x" + std::to_string(processes);
    servers.push_back({name, options.stock_program, processes, true, placement});
  }
  const std::string floors = options.skip_floor ? "" : own_floors();
  if (!floors.empty()) {
    servers.push_back({"floor", floors, 1, false, placement, true});
    servers.push_back({"floor sync", floors, 1, false, placement, true, true});
  }
  return servers;
}

}  // namespace uflush::bench
