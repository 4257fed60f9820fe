#include "tests/differential/scenario.hpp"

#include <algorithm>
#include <ctime>
#include <set>

#include <fmt/format.h>

#include "tests/differential/allowed_differences.hpp"

namespace uflush::differential {
namespace {

/// Let the spool fill before the next fault: afterwards it is made empty.
constexpr std::size_t steps_between_faults = 4;

/// Work through several logfiles or many lines: the reference's order is that of a directory, or of the
/// lines.
bool works_through_lists(const Conversation& conversation) {
  const std::string all = conversation.all_bytes();
  return all.find("send_site") != std::string::npos || all.find("rfrsh") != std::string::npos ||
         all.find("purge") != std::string::npos || all.find('W') != std::string::npos;
}

void compare_texts(std::string& report, const char* what, const std::string& reference,
                   const std::string& ours) {
  if (reference == ours) return;
  report += fmt::format("  {}:\n    reference {}\n    uflush    {}\n", what, as_literal(reference),
                        as_literal(ours));
}

/// The lines of `lines` that are not, or less often, in `others`.
std::string lines_only_in(const std::vector<std::string>& lines, std::vector<std::string> others) {
  std::string only;
  for (const std::string& line : lines) {
    const auto same = std::find(others.begin(), others.end(), line);
    if (same != others.end()) {
      others.erase(same);
    } else {
      only.append("\n      ").append(as_literal(line));
    }
  }
  return only.empty() ? "(nothing)" : only;
}

void compare_logs(std::string& report, const Conversation& conversation, std::vector<std::string> reference,
                  std::vector<std::string> ours) {
  if (works_through_lists(conversation)) {
    std::sort(reference.begin(), reference.end());
    std::sort(ours.begin(), ours.end());
  }
  if (reference == ours) return;
  report += fmt::format("  log, lines of one alone (of {} and {}):\n    reference {}\n    uflush    {}\n",
                        reference.size(), ours.size(), lines_only_in(reference, ours),
                        lines_only_in(ours, reference));
}

void compare_spools(std::string& report, const Snapshot& reference, const Snapshot& ours) {
  Snapshot all = reference;
  all.insert(ours.begin(), ours.end());
  for (const auto& [path, description] : all) {
    const auto theirs = reference.find(path);
    const auto own = ours.find(path);
    const std::string one = theirs == reference.end() ? "(not there)" : theirs->second;
    const std::string other = own == ours.end() ? "(not there)" : own->second;
    if (one == other) continue;
    report += fmt::format("  {}:\n    reference {}\n    uflush    {}\n", path, one.substr(0, 600),
                          other.substr(0, 600));
  }
}

/// What differs, as text; empty when nothing does.
std::string compare(const Conversation& conversation, const Observation& reference, const Observation& ours) {
  std::string report;
  compare_texts(report, "reply", reference.reply, ours.reply);
  // Whether a later piece still reaches the daemon, to be thrown away, or finds it gone is a race.
  const bool may_be_late = conversation.pieces.size() > 1 && conversation.pipelining == Pipelining::none;
  const auto end_of = [&](const Observation& seen) {
    return may_be_late && seen.ending == support::Ending::reset ? support::Ending::eof : seen.ending;
  };
  compare_texts(report, "end of the connection", to_text(end_of(reference)), to_text(end_of(ours)));
  compare_texts(report, "triggers", reference.triggers, ours.triggers);
  compare_logs(report, conversation, reference.log, ours.log);
  compare_spools(report, reference.spool, ours.spool);
  return report;
}

std::string describe(const Step& step) {
  std::string text;
  for (const SpoolEvent& event : step.events) text += "  " + to_text(event) + "\n";
  return text + "  " + to_text(step.conversation) + "\n";
}

class Scenario {
 public:
  Scenario(const Configuration& configuration, const Contestants& contestants, std::optional<Fault> fault)
      : contestants_(contestants),
        fault_(fault),
        reference_(configuration, contestants.reference),
        ours_(configuration, contestants.ours) {}

  /// What differs; empty when nothing does.
  std::string perform(const Step& step, ScenarioResult& result);

 private:
  void start_anew();

  const Contestants& contestants_;
  std::optional<Fault> fault_;
  std::size_t steps_since_fault_ = 0;
  Side reference_, ours_;
  std::set<std::string> said_;  ///< by ours, since the start of its process
  std::time_t base_ = std::time(nullptr);
};

std::string Scenario::perform(const Step& step, ScenarioResult& result) {
  for (const SpoolEvent& event : step.events) {
    reference_.apply(event, base_);
    ours_.apply(event, base_);
  }
  const StepClock clock{base_, std::time(nullptr) - 1};
  const Snapshot before = ours_.spool(clock);
  const auto adapted =
      contestants_.allow_differences ? as_for_the_reference(step.conversation) : std::nullopt;
  Observation expected = reference_.perform(adapted ? adapted->conversation : step.conversation, clock);
  Observation seen = ours_.perform(step.conversation, clock);
  const bool spoiled =
      fault_ && ++steps_since_fault_ >= steps_between_faults && ours_.spoil(*fault_, clock, seen);
  reference_.age_touched_files(clock);
  ours_.age_touched_files(clock);
  if (adapted) ++result.allowed[std::string(adapted->row)];
  const bool ended = expected.has_fatal() || seen.has_fatal();
  const bool alike = expected.spool == seen.spool;
  std::string differences = compare(step.conversation, expected, seen);
  if (!differences.empty() && contestants_.allow_differences) {
    const Circumstances circumstances{step.conversation, before, said_};
    for (const AllowedDifference& allowed : allowed_differences())
      if (allowed.explain(circumstances, expected, seen)) ++result.allowed[std::string(allowed.row)];
    differences = compare(step.conversation, expected, seen);
  }
  if (spoiled) {
    steps_since_fault_ = 0;
    ++result.faults;
    if (differences.empty()) result.unnoticed += describe(step);
    differences.clear();
  }
  said_.insert(seen.log.begin(), seen.log.end());
  if (ended || !alike || spoiled) start_anew();
  return differences;
}

/// The reference has lost its process, and with it what it remembered; what it left undone differs as well.
void Scenario::start_anew() {
  for (Side* side : {&reference_, &ours_}) {
    side->clear_spool();
    side->restart();
  }
  said_.clear();
}

}  // namespace

ScenarioResult run_scenario(const Configuration& configuration, const std::vector<Step>& steps,
                            const Contestants& contestants, std::optional<Fault> fault) {
  ScenarioResult result;
  Scenario scenario(configuration, contestants, fault);
  for (const Step& step : steps) {
    const std::string differences = scenario.perform(step, result);
    if (!differences.empty()) {
      result.differing_step = result.steps_done;
      result.report = describe(step) + differences;
      break;
    }
    ++result.steps_done;
  }
  return result;
}

std::vector<Step> shrink(const Configuration& configuration, std::vector<Step> steps,
                         const Contestants& contestants, std::size_t attempts_max) {
  const auto differs_without = [&](std::size_t begin, std::size_t count) {
    std::vector<Step> fewer = steps;
    const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(begin);
    fewer.erase(first, first + static_cast<std::ptrdiff_t>(count));
    const ScenarioResult result = run_scenario(configuration, fewer, contestants);
    if (!result.differing_step) return false;
    fewer.resize(*result.differing_step + 1);
    steps = std::move(fewer);
    return true;
  };
  std::size_t attempts = 0;
  for (std::size_t part = steps.size() / 2; part > 0 && attempts < attempts_max; part /= 2) {
    for (std::size_t begin = 0; begin + part < steps.size() && attempts < attempts_max; ++attempts)
      if (!differs_without(begin, part)) begin += part;
  }
  return steps;
}

}  // namespace uflush::differential
