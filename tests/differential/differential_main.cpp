/// differential: Postfix's flush(8) and uflush side by side, on the same random steps.
///
///   differential [--seed S] [--steps N] [--seeds N] [--seconds N] [--configuration NAME] [--jobs N]
///                [--reference-only] [--survey] [--spoil FAULT|all]
///
/// --steps counts those of all configurations together. --seeds and --seconds go on with the next seed, until
/// there were so many and the time is up, or a difference was found. --reference-only compares flush(8) with
/// itself. --survey shows every difference as it is, without looking for fewer steps.
/// --spoil makes uflush seem to have a fault at every step that allows for it, and checks that each is
/// noticed. Exit status: 0 no difference, 1 differences, 2 usage, 77 it cannot be tried here (no flush(8), or
/// not root).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "tests/differential/generator.hpp"
#include "tests/differential/scenario.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/tested_daemon.hpp"

namespace uflush::differential {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int exit_differences = 1;
constexpr int exit_usage = 2;
constexpr int exit_cannot = 77;
constexpr std::size_t shrinking_runs_max = 40;

struct Options {
  std::uint64_t seed = 1;
  std::size_t steps = 2000;
  std::size_t seeds = 1;
  std::chrono::seconds duration{0};
  std::string configuration;  ///< empty: all
  std::size_t jobs = 4;       ///< more than CPUs: the reference sleeps a second after each fatal error
  bool reference_only = false;
  bool survey = false;
  std::string spoil;  ///< a fault's name, or `all`
};

/// Sets the option whose value is a number; false when there is none of that name.
bool set_number(Options& options, const std::string& name, std::uint64_t value) {
  if (name == "--seed") options.seed = value;
  if (name == "--steps") options.steps = value;
  if (name == "--seeds") options.seeds = value;
  if (name == "--jobs") options.jobs = std::max<std::size_t>(1, value);
  if (name == "--seconds") options.duration = std::chrono::seconds{value};
  return name == "--seed" || name == "--steps" || name == "--seeds" || name == "--jobs" ||
         name == "--seconds";
}

bool is_number(const std::string& text) {
  constexpr std::size_t digits_max = 18;
  return !text.empty() && text.size() <= digits_max &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

std::optional<Options> parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--reference-only") {
      options.reference_only = true;
    } else if (name == "--survey") {
      options.survey = true;
    } else if (name == "--spoil" && i + 1 < arguments.size()) {
      options.spoil = arguments[++i];
    } else if (name == "--configuration" && i + 1 < arguments.size()) {
      options.configuration = arguments[++i];
    } else if (i + 1 == arguments.size() || !is_number(arguments[i + 1]) ||
               !set_number(options, name, std::stoull(arguments[i + 1]))) {
      return std::nullopt;
    } else {
      ++i;
    }
  }
  return options;
}

/// What one seed draws for one configuration: the same, whichever others run beside it.
std::vector<Step> draw_steps(const Configuration& configuration, std::uint64_t seed, std::size_t count) {
  const auto index = static_cast<std::uint64_t>(&configuration - configurations().data());
  Generator generator(configuration, Seed{seed * 1000 + index});
  std::vector<Step> steps;
  while (steps.size() < count) steps.push_back(generator.next());
  return steps;
}

class Run {
 public:
  explicit Run(Options options) : options_(std::move(options)) {
    for (const Configuration& one : configurations())
      if (options_.configuration.empty() || one.name == options_.configuration) chosen_.push_back(&one);
    contestants_ = {support::stock_daemon,
                    options_.reference_only ? support::stock_daemon : support::tested_daemon(),
                    !options_.reference_only};
  }

  int run();

 private:
  std::size_t unnoticed_of(Fault fault);
  int spoil();
  void run_seed(std::uint64_t seed);
  void work(std::uint64_t seed, std::size_t steps_each);
  void run_one(const Configuration& configuration, std::uint64_t seed, std::size_t steps_each);
  void report(const Configuration& configuration, std::uint64_t seed, std::vector<Step> steps,
              const ScenarioResult& result);

  Options options_;
  std::vector<const Configuration*> chosen_;
  Contestants contestants_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;  // guards what follows, and stdout
  ScenarioResult total_;
  std::size_t differences_ = 0;
};

void Run::report(const Configuration& configuration, std::uint64_t seed, std::vector<Step> steps,
                 const ScenarioResult& result) {
  std::string text = fmt::format("DIFFERENCE: configuration {}, seed {}, step {}\n{}", configuration.name,
                                 seed, *result.differing_step + 1, result.report);
  text += fmt::format("  replay: tools/soak.sh --seed {} --configuration {} --steps {}\n", seed,
                      configuration.name, *result.differing_step + 1);
  if (!options_.survey) {
    steps.resize(*result.differing_step + 1);
    steps = shrink(configuration, std::move(steps), contestants_, shrinking_runs_max);
    text += fmt::format("  {} steps are enough:\n", steps.size());
    for (const Step& step : steps) {
      for (const SpoolEvent& event : step.events) text += "    " + to_text(event) + "\n";
      text += "    " + to_text(step.conversation) + "\n";
    }
  }
  const std::lock_guard lock(mutex_);
  ++differences_;
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

void Run::run_one(const Configuration& configuration, std::uint64_t seed, std::size_t steps_each) {
  const std::vector<Step> steps = draw_steps(configuration, seed, steps_each);
  const ScenarioResult result = run_scenario(configuration, steps, contestants_);
  {
    const std::lock_guard lock(mutex_);
    total_.steps_done += result.steps_done;
    for (const auto& [row, count] : result.allowed) total_.allowed[row] += count;
  }
  if (result.differing_step) report(configuration, seed, steps, result);
}

void Run::work(std::uint64_t seed, std::size_t steps_each) {
  for (std::size_t i = next_++; i < chosen_.size(); i = next_++) {
    try {
      run_one(*chosen_[i], seed, steps_each);
    } catch (const support::HarnessError& error) {
      const std::lock_guard lock(mutex_);
      ++differences_;
      fmt::print("FAILED: configuration {}, seed {}: {}\n", chosen_[i]->name, seed, error.what());
    }
  }
}

void Run::run_seed(std::uint64_t seed) {
  next_ = 0;
  const std::size_t steps_each = (options_.steps + chosen_.size() - 1) / chosen_.size();
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < std::min(options_.jobs, chosen_.size()); ++i)
    workers.emplace_back([this, seed, steps_each] { work(seed, steps_each); });
  for (std::thread& worker : workers) worker.join();
}

/// Every step is spoiled anew, so the configurations may take turns.
std::size_t Run::unnoticed_of(Fault fault) {
  const std::string name = fault_names.at(static_cast<std::size_t>(fault));
  std::atomic<std::size_t> faults = 0;
  std::string unnoticed;
  const auto spoil = [&](std::size_t at) {
    const Configuration& configuration = *chosen_[at];
    const std::size_t steps_each = (options_.steps + chosen_.size() - 1) / chosen_.size();
    const ScenarioResult result = run_scenario(
        configuration, draw_steps(configuration, options_.seed, steps_each), contestants_, fault);
    faults += result.faults;
    const std::lock_guard lock(mutex_);
    unnoticed += result.unnoticed;
  };
  next_ = 0;
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < std::min(options_.jobs, chosen_.size()); ++i)
    workers.emplace_back([&] {
      for (std::size_t at = next_++; at < chosen_.size(); at = next_++) spoil(at);
    });
  for (std::thread& worker : workers) worker.join();
  fmt::print("{}: {} times, {}\n{}", name, faults.load(),
             unnoticed.empty() ? "always noticed" : "NOT NOTICED at", unnoticed);
  std::fflush(stdout);
  return faults == 0 || !unnoticed.empty() ? 1 : 0;
}

int Run::spoil() {
  std::size_t blind = 0;
  std::size_t known = 0;
  for (std::size_t fault = 0; fault < fault_names.size(); ++fault) {
    if (options_.spoil != "all" && options_.spoil != fault_names[fault]) continue;
    ++known;
    blind += unnoticed_of(static_cast<Fault>(fault));
  }
  fmt::print("{} kinds of faults, {} not always noticed\n", known, blind);
  return known > 0 && blind == 0 ? 0 : exit_differences;
}

int Run::run() {
  if (!options_.spoil.empty()) return spoil();
  if (chosen_.empty()) {
    fmt::print(stderr, "differential: no configuration {}\n", options_.configuration);
    return exit_usage;
  }
  const auto begin = Clock::now();
  std::uint64_t seed = options_.seed;
  do {
    fmt::print("seed {}\n", seed);
    std::fflush(stdout);
    run_seed(seed++);
  } while (differences_ == 0 &&
           (seed - options_.seed < options_.seeds || Clock::now() - begin < options_.duration));
  for (const auto& [row, count] : total_.allowed) fmt::print("allowed: {} x {}\n", count, row);
  fmt::print("{} steps in {} configurations, seeds {} to {}, {} s: {} unexplained differences\n",
             total_.steps_done, chosen_.size(), options_.seed, seed - 1,
             std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count(), differences_);
  return differences_ == 0 ? 0 : exit_differences;
}

}  // namespace
}  // namespace uflush::differential

int main(int argc, char** argv) {
  using namespace uflush;
  const auto options = differential::parse({argv + 1, argv + argc});
  if (!options) {
    fmt::print(stderr,
               "usage: differential [--seed S] [--steps N] [--seeds N] [--seconds N] [--configuration NAME] "
               "[--jobs N] [--reference-only] [--survey] [--spoil FAULT|all]\n");
    return differential::exit_usage;
  }
  if (::access(support::stock_daemon, X_OK) != 0 || ::geteuid() != 0) {
    fmt::print("skipped: needs {} and root's rights\n", support::stock_daemon);
    return differential::exit_cannot;
  }
  return differential::Run(*options).run();
}
