/// The pool of the simulation: jobs run at moments that the seed picks, and pause at each file call.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "io/blocking_pool.hpp"
#include "io/loop.hpp"
#include "tests/sim/sim_threads.hpp"

namespace uflush {

class SimPool final : public Pool {
 public:
  /// Borrows all of them.
  SimPool(Loop& loop, SimThreads& threads, std::size_t threads_max = 4)
      : loop_(loop), threads_(threads), threads_max_(threads_max) {}
  /// Every job must have come home.
  ~SimPool() override;

  void submit(PoolWork& work) override;

  /// The system has no threads: jobs run on the loop's own, as in the daemon.
  bool has_threads = true;

  /// Brings finished jobs home: their waiters become ready. False when there was none.
  bool deliver();

  /// Jobs submitted and not yet home.
  [[nodiscard]] std::size_t under_way() const noexcept { return under_way_; }
  /// All jobs ever submitted.
  [[nodiscard]] std::size_t submitted() const noexcept { return submitted_; }

 private:
  void start_next();

  Loop& loop_;
  SimThreads& threads_;
  const std::size_t threads_max_;
  std::deque<PoolWork*> waiting_;
  std::vector<PoolWork*> finished_;
  std::size_t running_ = 0;
  std::size_t under_way_ = 0;
  std::size_t submitted_ = 0;
};

}  // namespace uflush
