// Is a site on the list? For every add whose site has not been asked for before.
#include <string>

#include <benchmark/benchmark.h>

#include "bench/eligibility.hpp"

namespace uflush::bench {
namespace {

std::string literals(std::int64_t count) {
  std::string list;
  for (std::int64_t i = 0; i < count; ++i) list += "cust" + std::to_string(i) + ".example, ";
  return list;
}

void test_literal_list(benchmark::State& state) {
  test_site(state, literals(state.range(0)), "mail.cust7.example", Eligibility::eligible);
}
BENCHMARK(test_literal_list)->Arg(10)->Arg(10'000);

/// The longest search: a look-up for each label, and none finds anything.
void miss_literal_list(benchmark::State& state) {
  test_site(state, literals(state.range(0)), "a.mail.cust7.example.net", Eligibility::denied);
}
BENCHMARK(miss_literal_list)->Arg(10)->Arg(10'000);

/// The start of the daemon, and with it the first add after a change of main.cf.
void open_literal_list(benchmark::State& state) {
  const std::string list = literals(state.range(0));
  NoLog log;
  for ([[maybe_unused]] auto round : state) benchmark::DoNotOptimize(open_sites(list, log));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(open_literal_list)->Arg(10)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace uflush::bench
