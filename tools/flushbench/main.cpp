/// flushbench(1): measures flush daemons, side by side or behind any socket.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <iterator>

#include <fmt/format.h>
#include <sys/resource.h>

#include "tests/support/failure.hpp"
#include "tests/support/temp_dir.hpp"
#include "tools/flushbench/on_file_system.hpp"
#include "tools/flushbench/options.hpp"
#include "tools/flushbench/progress_bar.hpp"
#include "tools/flushbench/report.hpp"
#include "tools/flushbench/report_html.hpp"

namespace uflush::bench {
namespace {

std::string command_line(int argc, char** argv) {
  std::string text = "flushbench";
  for (int i = 1; i < argc; ++i) text.append(" ").append(argv[i]);
  return text;
}

std::string now_as_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &utc)};
}

volatile std::sig_atomic_t interrupted = 0;

/// Ctrl-C ends a run between two measurements, so that servers and spool go away; a second one ends it at
/// once.
void end_orderly_on(int number) {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  ::sigaction(number, &action, nullptr);
}

void print_and_keep(const std::string& text, const std::string& json, const std::string& json_path) {
  fmt::print("{}", text);
  if (!json_path.empty()) support::write_file(json_path, json);
}

/// What is measured on one file system.
struct Comparison {
  Comparison(const Place& place, const RunOptions& options)
      : spool(place.directory), workloads(make_workloads(place.workloads, options.sizes)) {
    for (auto& workload : workloads) {
      if (const auto obstacle = workload->obstacle())
        fmt::print(stderr, "{}, {}: n/a: {}\n", workload->name(), workload->description(), *obstacle);
      if (options.places.size() > 1)
        workload = std::make_unique<OnFileSystem>(std::move(workload), file_system_type());
    }
  }
  [[nodiscard]] std::string file_system_type() const {
    const std::string text = file_system_of(spool.spool().queue().path());
    return text.substr(0, text.find(' '));
  }

  BenchSpool spool;
  std::vector<std::unique_ptr<Workload>> workloads;
};

void measure(const RunOptions& options, const std::string& command) {
  end_orderly_on(SIGINT);
  end_orderly_on(SIGTERM);
  const std::vector<ServerKind> servers = contestants(options);
  std::vector<std::unique_ptr<Comparison>> comparisons;
  comparisons.reserve(options.places.size());
  for (const Place& place : options.places)
    comparisons.push_back(std::make_unique<Comparison>(place, options));
  Report report{
      describe_machine(comparisons.front()->spool.spool().queue().path()), command, now_as_text(), {}};
  {
    ProgressBar bar;
    const Progress progress = [&bar](double done, std::string_view next) {
      if (interrupted != 0) support::fail("interrupted");
      bar.show(done, next);
    };
    for (const auto& comparison : comparisons) {
      auto series =
          run_side_by_side(comparison->spool, comparison->workloads, servers, options.rounds, progress);
      std::move(series.begin(), series.end(), std::back_inserter(report.series));
    }
  }
  const std::string json = as_json(report);
  print_and_keep(as_table(report), json, options.json_path);
  if (!options.report_path.empty()) support::write_file(options.report_path, as_html(read_run(json)));
}

void measure(const LoadOptions& options, const std::string&) {
  const auto clients = make_load_generator(options.socket_path, options.shape);
  const LoadResult load = clients->run(options.limit);
  print_and_keep(as_text(load), as_json(load), options.json_path);
}

void measure(const ReportOptions& options, const std::string&) {
  support::write_file(options.html_path, as_html(read_run(support::read_file(options.json_path))));
}

/// What systemd allows every service, and so master(8) and its daemons; where that may not be, as many as
/// may.
void allow_many_descriptors() {
  constexpr rlim_t of_systemd = 524'288;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t most = std::max(limit.rlim_max, of_systemd);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  limit = {.rlim_cur = most, .rlim_max = most};
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace uflush::bench

int main(int argc, char** argv) {
  using namespace uflush::bench;
  try {
    const auto options = parse_command_line(argc, argv);
    allow_many_descriptors();
    std::visit([&](const auto& chosen) { measure(chosen, command_line(argc, argv)); }, options);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "flushbench: {}\n", error.what());
    return 1;
  }
}
