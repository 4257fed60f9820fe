/// A place for what blocks: plain synchronous code that runs beside the loop and comes back to it.
///
/// A long job is written as slices, each its own trip: `while (more) more = co_await in_pool(pool, slice);`.
/// Between two slices other jobs get their turn, the loop hears of progress, and a stop can be obeyed.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "io/check.hpp"
#include "io/loop.hpp"
#include "io/result.hpp"
#include "io/stop.hpp"

namespace uflush {

/// One trip to the pool. Lives in the frame of the coroutine that waits for it.
class PoolWork {
 public:
  PoolWork() = default;
  PoolWork(const PoolWork&) = delete;
  PoolWork& operator=(const PoolWork&) = delete;
  virtual ~PoolWork() = default;

  /// Called on a thread of the pool.
  virtual void run() noexcept = 0;
  /// Called on the loop's thread afterwards: whoever waits becomes ready.
  void come_home(Loop& loop) {
    is_home = true;
    if (waiter) loop.make_ready(waiter);
  }

  std::coroutine_handle<> waiter;
  bool is_home = false;
  bool was_refused = false;  ///< there was no thread for it, and it has not been run
  PoolWork* next = nullptr;  ///< the queue that it is in
};

/// The seam: threads in the daemon, a scheduler of seeded moments in the simulation.
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  virtual ~Pool() = default;

  /// Runs `work`, in the order of arrival as threads get free, then has it come home. A pool for jobs that
  /// wait may refuse it instead.
  virtual void submit(PoolWork& work) = 0;
};

/// What a pool does with a job when the system has no thread for it.
enum class NoThread : std::uint8_t {
  run_on_loop,  ///< runs it on the loop's thread: only for jobs that do not wait for others
  refuse,       ///< the job fails. The first thread is started with the pool, so that this is rare.
};

/// Threads, started as they are first needed and at most `threads_max`. Belongs to one loop.
///
/// `run` must be spawned (into the daemon's scope) before the first submit; it brings finished work home and
/// ends, with the threads, after `shut_down` once nothing is under way.
class BlockingPool final : public Pool {
 public:
  [[nodiscard]] static Result<std::unique_ptr<BlockingPool>> create(
      Loop& loop, std::size_t threads_max, NoThread no_thread = NoThread::run_on_loop);
  ~BlockingPool() override;

  void submit(PoolWork& work) override;
  Task<void> run();
  void shut_down();

 private:
  struct Shared;
  BlockingPool(Loop& loop, std::unique_ptr<Shared> shared);

  Loop& loop_;
  std::unique_ptr<Shared> shared_;
  StopSource stop_;
};

namespace detail {

template <typename F>
class PoolTrip : public PoolWork {
 public:
  using Value = std::invoke_result_t<F&>;

  PoolTrip(Pool& pool, F& function) : pool_(pool), function_(function) {}
  ~PoolTrip() override { FLUSH_ASSERT(!started_ || is_home); }

  void run() noexcept override { value_.emplace(function_()); }
  void start() {
    started_ = true;
    pool_.submit(*this);
  }

  [[nodiscard]] bool has_started() const noexcept { return started_; }

  [[nodiscard]] bool await_ready() {
    if (!started_) start();
    return is_home;
  }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { waiter = awaiting; }
  Value await_resume() {
    FLUSH_ASSERT(!was_refused);
    return std::move(*value_);
  }

 protected:
  std::optional<Value> take_value() { return std::move(value_); }

 private:
  Pool& pool_;
  F& function_;
  bool started_ = false;
  std::optional<Value> value_;
};

template <typename F>
class RefusablePoolTrip final : public PoolTrip<F> {
 public:
  using PoolTrip<F>::PoolTrip;
  std::optional<typename PoolTrip<F>::Value> await_resume() { return PoolTrip<F>::take_value(); }
};

}  // namespace detail

/// Calls `function` in the pool; `co_await` yields what it returns. Borrows `function`: give it a name first.
///
/// A trip that has a name can be `start`ed first and awaited later. Once started it must be awaited.
template <typename F>
[[nodiscard]] auto in_pool(Pool& pool, F& function) {
  return detail::PoolTrip<F>{pool, function};
}

/// The same for a pool that may refuse: `co_await` yields an optional, which is empty then.
template <typename F>
[[nodiscard]] auto in_pool_if_there_is_a_thread(Pool& pool, F& function) {
  return detail::RefusablePoolTrip<F>{pool, function};
}

}  // namespace uflush
