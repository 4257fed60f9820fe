#include "tests/sim/sim.hpp"

#include <atomic>
#include <cstdio>
#include <utility>

#include "tests/sim/sim_client.hpp"

namespace uflush {
namespace {

/// More turns than any test needs: the world runs in circles.
constexpr std::size_t turns_max = 5'000'000;
constexpr std::size_t steps_per_turn_max = 3;
constexpr Duration a_day = std::chrono::hours(24);

std::atomic<std::uint64_t> seed_of_panic{0};

void print_panic(const char* text) {
  std::fprintf(stderr, "uflush: panic: %s (replay with Seed{%llu})\n", text,
               static_cast<unsigned long long>(seed_of_panic.load()));
}

std::string replay_line(Seed seed) {
  seed_of_panic = seed.number;
  set_panic_handler(print_panic);
  return "replay with Seed{" + std::to_string(seed.number) + "}";
}

}  // namespace

Sim::Sim(Seed seed) : Sim(seed, SimDisk::Image{}) {}

Sim::Sim(Seed seed, SimDisk::Image image)
    : dice(seed),
      disk(clock, std::move(image)),
      threads(dice),
      files(disk, threads, dice),
      ring(dice, clock),
      loop(ring, clock),
      pool(loop, threads),
      qmgr(*this),
      trace_("seed", 0, replay_line(seed)) {
  ring.world = this;
  ring.disk = &disk;
  ring.sync = [this](int file) { return files.sync(file); };
}

Sim::~Sim() {
  finish();
}

void Sim::finish() {
  stop.request_stop();
  FLUSH_ASSERT(run_to_the_end());
}

int Sim::listen(std::string_view path, int backlog) {
  listeners_.push_back(std::make_unique<SimListener>(disk, path, backlog));
  return listeners_.back()->fd();
}

// ---- Running.

/// Suspends the root task of the loop until the goal is reached.
struct Sim::PauseDriver {
  Sim& sim;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> driver) const noexcept { sim.driver_ = driver; }
  void await_resume() const noexcept {}
};

Task<void> Sim::drive() {
  co_await PauseDriver{*this};
}

Sim::Outcome Sim::run(std::function<bool()> goal, Instant time_limit) {
  goal_ = std::move(goal);
  time_limit_ = time_limit;
  outcome_ = Outcome::under_way;
  turns_ = 0;
  loop.run(drive());
  return outcome_;
}

bool Sim::run_until(const std::function<bool()>& goal) {
  return run(goal, clock.now() + a_day) == Outcome::reached;
}

void Sim::settle() {
  run([] { return false; }, clock.now());
}

void Sim::run_for(Duration time) {
  const Instant end = clock.now() + time;
  run([] { return false; }, end);
  clock.advance_to(end);  // nobody had anything to do until then
}

bool Sim::run_to_the_end() {
  return run_until([this] { return running() == 0 && pool.under_way() == 0 && threads.alive() == 0; });
}

void Sim::after(Duration time, std::function<void()> action) {
  actions_.emplace(clock.now() + time, std::move(action));
}

void Sim::wake_driver(Outcome outcome) {
  outcome_ = outcome;
  loop.make_ready(std::exchange(driver_, nullptr));
}

// ---- What the ring asks.

bool Sim::act() {
  FLUSH_ASSERT(++turns_ < turns_max);
  for (const auto& check : checkers) check();
  if (driver_ && goal_()) {
    wake_driver(Outcome::reached);
    return true;
  }
  bool acted = pool.deliver();
  acted = call_due_actions() || acted;
  for (std::size_t steps = dice.between(1, steps_per_turn_max); steps > 0; --steps)
    acted = act_once() || acted;
  return acted;
}

/// One of those who can act does, one of the threads included.
bool Sim::act_once() {
  std::vector<SimActor*> ready;
  for (SimActor* actor : actors_)
    if (actor->can_act()) ready.push_back(actor);
  const bool threads_ready = threads.can_step();
  const std::size_t choices = ready.size() + (threads_ready ? 1 : 0);
  if (choices == 0) return false;
  const std::size_t choice = dice.below(choices);
  if (choice < ready.size()) {
    ready[choice]->act();
  } else {
    threads.step();
  }
  return true;
}

bool Sim::call_due_actions() {
  bool called = false;
  while (!actions_.empty() && actions_.begin()->first <= clock.now()) {
    const auto action = actions_.extract(actions_.begin());
    action.mapped()();
    called = true;
  }
  return called;
}

bool Sim::let_time_pass(std::optional<Instant> next) {
  if (!actions_.empty() && (!next || actions_.begin()->first < *next)) next = actions_.begin()->first;
  if (!next || *next > time_limit_) {
    if (driver_) wake_driver(next ? Outcome::time_up : Outcome::stuck);
    return false;
  }
  clock.advance_to(*next);
  return false;  // the ring looks again
}

std::string Sim::exchange(std::string_view path, std::string_view bytes) {
  SimClient client(*this, path);
  client.send(bytes);
  run_until([&] { return client.is_over(); });
  return client.received();
}

}  // namespace uflush
