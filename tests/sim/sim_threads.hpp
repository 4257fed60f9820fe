/// Plain synchronous code that runs piecemeal: real threads that hand one baton around, so that at any moment
/// exactly one of them or the scheduler (the thread of the loop) runs. Who gets the baton next is drawn from
/// the seed; nothing depends on the machine's own scheduling.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/sim/dice.hpp"

namespace uflush {

class SimThreads {
 public:
  explicit SimThreads(Dice& dice) : dice_(dice) {}
  SimThreads(const SimThreads&) = delete;
  SimThreads& operator=(const SimThreads&) = delete;
  /// Every thread must be over.
  ~SimThreads();

  /// How likely it is that a call of the loop's own thread lets somebody else run first (`pause`).
  double interruption = 0.25;

  /// A new thread that will run `body` when it is picked.
  void start(std::function<void()> body);

  /// Gives the baton to a runnable thread, until it pauses, waits or is over. False when none can run.
  bool step();
  [[nodiscard]] bool can_step() const;

  /// Threads that are not over, those that wait for something included.
  [[nodiscard]] std::size_t alive() const noexcept { return threads_.size(); }

  /// A moment where somebody else may act. On one of our threads: gives the baton back. On the scheduler's:
  /// lets others step first, when the dice say so.
  void pause();

  /// Gives the baton back until `ready` holds. On the scheduler's own thread it must hold already: whatever
  /// waits there stops the world.
  void wait_until(const std::function<bool()>& ready);

 private:
  struct Thread {
    std::function<void()> body;
    std::function<bool()> ready;  ///< empty: runnable
    std::condition_variable resumed;
    bool over = false;
    std::thread thread;
  };

  void run(Thread& self);
  void give_back(Thread& self);
  [[nodiscard]] std::vector<Thread*> runnable() const;

  static thread_local Thread* current_;

  Dice& dice_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  Thread* holder_ = nullptr;  ///< who has the baton; nobody: the scheduler
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace uflush
