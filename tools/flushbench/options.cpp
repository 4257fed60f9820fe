#include "tools/flushbench/options.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>

#include <CLI/CLI.hpp>

#include "tests/support/tested_daemon.hpp"

namespace uflush::bench {
namespace {

constexpr int exit_usage = 2;

/// The uflush that was built with this flushbench.
std::string own_uflush() {
  std::error_code error;
  return (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "uflush").string();
}

/// Options that both subcommands know. `seconds` and `requests` live until parsing is over.
void add_limit(CLI::App& command, double& seconds, std::uint64_t& requests) {
  command.add_option("--duration", seconds, "Seconds that one measurement takes")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--requests", requests, "Requests per measurement, instead of --duration")
      ->check(CLI::PositiveNumber);
}

LoadLimit to_limit(double seconds, std::uint64_t requests) {
  LoadLimit limit;
  if (requests > 0) limit.requests = requests;
  limit.duration =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  return limit;
}

void add_sizes(CLI::App& command, WorkloadOptions& sizes) {
  command.add_option("--clients", sizes.clients, "add: clients at a time, one row each")
      ->delimiter(',')
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command.add_option("--sites", sizes.sites, "add, pipeline: sites, used in turn")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--connections", sizes.connections, "pipeline: connections that stay open")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command.add_option("--batch", sizes.batch, "pipeline: adds per write")
      ->check(CLI::Range(2, 2'000))
      ->capture_default_str();
  command.add_option("--messages", sizes.messages, "send: messages that one send_site moves")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
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
  static const std::map<std::string, Placement> placements = {
      {"free", Placement::free}, {"together", Placement::together}, {"apart", Placement::apart}};
  command
      .add_option(
          "--placement", options.placement,
          "CPUs: free (default), together (all on one), apart (clients on one, servers on the others)")
      ->transform(CLI::CheckedTransformer(placements));
}

}  // namespace

std::variant<RunOptions, LoadOptions> parse_command_line(int argc, char** argv) {
  CLI::App app{"Measures flush daemons: uflush and Postfix's own, on the same spool, in turn."};
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);

  RunOptions run;
  run.uflush_program = own_uflush();
  run.stock_program = support::stock_daemon;
  LoadOptions load;
  double seconds = 1;
  std::uint64_t requests = 0;
  std::size_t rounds = 0;

  CLI::App& run_command =
      *app.add_subcommand("run", "Servers side by side, on a spool made for it (as root)");
  run_command.add_option("workload", run.workloads, "add, pipeline, send (default: all)")
      ->check(CLI::IsMember(workload_names()));
  add_sizes(run_command, run.sizes);
  add_limit(run_command, seconds, requests);
  run_command.add_option("--rounds", rounds, "Rounds (default: 5 to 15, until the medians settle within 3%)")
      ->check(CLI::PositiveNumber);
  run_command
      .add_option("--filesystem", run.directory, "Directory to make the spool in (default: $TMPDIR, /tmp)")
      ->check(CLI::ExistingDirectory);
  run_command.add_option("--json", run.json_path, "Write the numbers to this file too");
  add_contestants(run_command, run);

  CLI::App& load_command = *app.add_subcommand("load", "Loads the flush service behind one socket");
  load_command.add_option("--socket", load.socket_path, "Its path")->required();
  load_command.add_option("--clients", load.shape.clients, "Clients at a time")->capture_default_str();
  load_command.add_option("--sites", load.shape.sites, "Sites, used in turn")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  load_command
      .add_option("--batch", load.shape.batch,
                  "Adds per write on connections that stay; 0: one per connection")
      ->capture_default_str();
  add_limit(load_command, seconds, requests);
  load_command.add_option("--json", load.json_path, "Write the numbers to this file too");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : exit_usage);
  }
  if (load_command.parsed()) {
    load.limit = to_limit(seconds, requests);
    return load;
  }
  if (run.workloads.empty()) run.workloads = workload_names();
  if (rounds > 0) run.rounds.rounds_min = run.rounds.rounds_max = rounds;
  run.sizes.limit = to_limit(seconds, requests);
  return run;
}

std::vector<ServerKind> contestants(const RunOptions& options) {
  std::vector<ServerKind> servers;
  // As many processes as master(8) would allow: one that never says that it is busy remains the only one.
  if (!options.skip_uflush)
    servers.push_back({"uflush", options.uflush_program, 100, false, options.placement});
  if (options.skip_stock) return servers;
  for (const std::size_t processes : options.stock_processes)
    servers.push_back(
        {"flush x" + std::to_string(processes), options.stock_program, processes, true, options.placement});
  return servers;
}

}  // namespace uflush::bench
