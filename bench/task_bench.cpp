// What a coroutine costs: making, awaiting and destroying one, and a turn of the loop.
#include <benchmark/benchmark.h>

#include "io/loop.hpp"
#include "io/operation.hpp"
#include "io/uring_ring.hpp"

namespace uflush {
namespace {

Task<long> leaf(long value) {
  co_return value + 1;
}

Task<void> await_leaves(long count, long& sum) {
  for (long i = 0; i < count; ++i) sum += co_await leaf(i);
}

void await_child_task(benchmark::State& state) {
  constexpr long batch = 1000;
  long sum = 0;
  for ([[maybe_unused]] auto round : state) {
    Scope scope;
    scope.spawn(await_leaves(batch, sum));
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(await_child_task);

Task<void> nap(Loop& loop) {
  co_await Sleep{loop, loop.now()};
}

void loop_turn(benchmark::State& state) {
  auto made = UringRing::create();
  auto* ring = std::get_if<std::unique_ptr<UringRing>>(&made);
  if (ring == nullptr) {
    state.SkipWithError("no io_uring here");
    return;
  }
  SystemClock clock;
  Loop loop(**ring, clock);
  for ([[maybe_unused]] auto round : state) loop.run(nap(loop));
}
BENCHMARK(loop_turn);

}  // namespace
}  // namespace uflush
