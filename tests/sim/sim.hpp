/// A whole simulated world: clock, disk, ring, pool, loop, and the queue manager.
///
///     Sim sim{Seed{7}};
///     sim.files.write("flush/example_com", "4Xk2bQ0z\n");
///     sim.start(server.run(sim.stop));
///     EXPECT_EQ(sim.exchange("public/flush", request_bytes), reply_bytes);
///
/// Without `shake` nothing goes wrong by itself and ring completions keep their order, but the moments of
/// jobs and peers are drawn from the seed in any case. A failing expectation prints the seed.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "io/loop.hpp"
#include "io/scope.hpp"
#include "io/stop.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/sim_actor.hpp"
#include "tests/sim/sim_clock.hpp"
#include "tests/sim/sim_disk.hpp"
#include "tests/sim/sim_files.hpp"
#include "tests/sim/sim_listener.hpp"
#include "tests/sim/sim_pool.hpp"
#include "tests/sim/sim_queue_manager.hpp"
#include "tests/sim/sim_ring.hpp"
#include "tests/sim/sim_threads.hpp"

namespace uflush {

class Sim final : private SimWorld {
 public:
  explicit Sim(Seed seed);
  /// A world that begins with a disk that an earlier one left behind.
  Sim(Seed seed, SimDisk::Image image);
  Sim(const Sim&) = delete;
  Sim& operator=(const Sim&) = delete;
  ~Sim();

  Dice dice;
  SimClock clock;
  SimDisk disk;
  SimThreads threads;
  SimFiles files;  ///< the daemon's own view; other processes have theirs
  SimRing ring;
  Loop loop;
  SimPool pool;
  StopSource stop;

 private:
  std::vector<SimActor*> actors_;  // before those who enter themselves here

 public:
  SimQueueManager qmgr;  ///< listens on public/qmgr

  /// Draws order, sizes and moments of completions from the seed; no errors.
  void shake() { ring.faults = RingFaults::shuffled(dice); }
  /// The same, and lets sockets fail.
  void shake_hard() { ring.faults = RingFaults::drawn(dice); }
  /// Lets the daemon's file calls fail, with probabilities drawn from the seed.
  void shake_disk() { files.faults = FileFaults::drawn(dice); }

  /// Starts a task that lives as long as the world does, or shorter.
  void start(Task<void> task) { tasks_.spawn(std::move(task)); }
  /// Tasks that are not over.
  [[nodiscard]] std::size_t running() const noexcept { return tasks_.size(); }

  /// A listening socket for the daemon at `path`; the descriptor is the world's.
  int listen(std::string_view path, int backlog = 100);

  /// Runs the world until `goal` holds; time passes when nothing else can happen. False when nothing can ever
  /// happen any more, or a simulated day has passed.
  bool run_until(const std::function<bool()>& goal);
  /// Runs the world until only time could change anything; no time passes.
  void settle();
  /// Runs the world for that long.
  void run_for(Duration time);
  /// Runs the world until every task is over and every job is home.
  bool run_to_the_end();

  /// Asks for the stop and runs to the end, and asserts that this ever comes. A test whose tasks use objects
  /// that were made after the world calls it before those go; the destructor calls it in any case.
  void finish();

  /// Calls `action` in so much time from now, between two turns of the loop.
  void after(Duration time, std::function<void()> action);
  /// Called before each turn: says what must always hold.
  std::vector<std::function<void()>> checkers;

  /// Connects, sends `bytes`, reads until the daemon closes; what it sent.
  [[nodiscard]] std::string exchange(std::string_view path, std::string_view bytes);

  void enter(SimActor& actor) { actors_.push_back(&actor); }
  void leave(SimActor& actor) { std::erase(actors_, &actor); }

 private:
  enum class Outcome : std::uint8_t { under_way, reached, stuck, time_up };
  struct PauseDriver;

  bool act() override;
  bool let_time_pass(std::optional<Instant> next) override;
  bool act_once();
  bool call_due_actions();
  void wake_driver(Outcome outcome);
  Task<void> drive();
  Outcome run(std::function<bool()> goal, Instant time_limit);

  testing::ScopedTrace trace_;
  Scope tasks_;
  std::vector<std::unique_ptr<SimListener>> listeners_;
  std::multimap<Instant, std::function<void()>> actions_;
  std::coroutine_handle<> driver_;
  std::function<bool()> goal_;
  Instant time_limit_;
  Outcome outcome_ = Outcome::reached;
  std::size_t turns_ = 0;
};

}  // namespace uflush
