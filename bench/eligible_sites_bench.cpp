// Is a site on the list? For every add whose site has not been asked for before.
#include <string>

#include <benchmark/benchmark.h>

#include "core/eligible_sites.hpp"

namespace uflush {
namespace {

class NoLog final : public LogSink {
 public:
  void write(Severity, std::string_view) override {}
};

void test_literal_list(benchmark::State& state) {
  EligibilityConfig config;
  config.parent_domain_matches_subdomains = "fast_flush_domains";
  for (int i = 0; i < state.range(0); ++i)
    config.fast_flush_domains += "cust" + std::to_string(i) + ".example, ";
  NoLog sink;
  Log log(sink);
  const auto read_nothing = [](const std::string&) -> Result<std::string> { return Error{ENOENT}; };
  const auto sites = EligibleSites::open(config, read_nothing, log);
  if (!sites || sites->test("mail.cust7.example", log) != Eligibility::eligible) {
    state.SkipWithError("the list is not what it should be");
    return;
  }
  for ([[maybe_unused]] auto round : state) benchmark::DoNotOptimize(sites->test("mail.cust7.example", log));
}
BENCHMARK(test_literal_list)->Arg(10)->Arg(10'000);

}  // namespace
}  // namespace uflush
