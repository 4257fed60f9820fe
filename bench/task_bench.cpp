// What a coroutine costs: making, awaiting and destroying one, and a turn of the loop.
#include <array>
#include <cstddef>
#include <memory>

#include <benchmark/benchmark.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "io/fd.hpp"
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

Task<void> nothing() {
  co_return;
}

/// What accepting a client starts: a task with a frame of its own that nobody awaits.
void start_task(benchmark::State& state) {
  Scope scope;
  for ([[maybe_unused]] auto round : state) scope.spawn(nothing());
  benchmark::DoNotOptimize(scope.size());
}
BENCHMARK(start_task);

/// A loop on the kernel's ring for as long as a benchmark takes; null (and an error) where there is no
/// io_uring.
std::unique_ptr<UringRing> make_ring(benchmark::State& state) {
  auto made = UringRing::create();
  auto* ring = std::get_if<std::unique_ptr<UringRing>>(&made);
  if (ring != nullptr) return std::move(*ring);
  state.SkipWithError("no io_uring here");
  return nullptr;
}

Task<void> poll(Loop& loop, int fd) {
  const auto ready = co_await Operation{loop, op::Poll{fd, POLLIN}};
  benchmark::DoNotOptimize(ready.has_value());
}

/// One request to the kernel that is complete at once.
void loop_turn(benchmark::State& state) {
  const auto ring = make_ring(state);
  if (ring == nullptr) return;
  SystemClock clock;
  Loop loop(*ring, clock);
  const Fd readable(::eventfd(1, EFD_CLOEXEC));
  for ([[maybe_unused]] auto round : state) loop.run(poll(loop, readable.get()));
}
BENCHMARK(loop_turn);

Task<void> nap(Loop& loop) {
  co_await Sleep{loop, loop.now()};
}

/// A turn that a timer ends.
void due_timer(benchmark::State& state) {
  const auto ring = make_ring(state);
  if (ring == nullptr) return;
  SystemClock clock;
  Loop loop(*ring, clock);
  for ([[maybe_unused]] auto round : state) loop.run(nap(loop));
}
BENCHMARK(due_timer);

Task<void> echo(Loop& loop, int reads, int writes, bool& whole) {
  auto byte = std::byte{'x'};
  const Result<std::size_t> sent = co_await Operation{loop, op::Send{writes, {&byte, 1}}};
  const Result<std::size_t> received = co_await Operation{loop, op::Recv{reads, {&byte, 1}}};
  whole = whole && sent && received && sent.value() == 1 && received.value() == 1;
}

/// Two trips to the kernel: the least that an answer to a request costs.
void send_and_receive(benchmark::State& state) {
  const auto ring = make_ring(state);
  std::array<int, 2> ends{};
  if (ring == nullptr) return;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    state.SkipWithError("no sockets here");
    return;
  }
  const Fd first(ends[0]);
  const Fd second(ends[1]);
  SystemClock clock;
  Loop loop(*ring, clock);
  bool whole = true;
  for ([[maybe_unused]] auto round : state) loop.run(echo(loop, first.get(), second.get(), whole));
  if (!whole) state.SkipWithError("the byte did not come back");
}
BENCHMARK(send_and_receive);

}  // namespace
}  // namespace uflush
