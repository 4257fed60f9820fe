/// Ops as something to `co_await`.
#pragma once

#include <coroutine>
#include <optional>

#include "io/clock.hpp"
#include "io/loop.hpp"
#include "io/op.hpp"
#include "io/stop.hpp"
#include "io/timer.hpp"

namespace uflush {

/// How long to wait: until `deadline`, until `stop` is asked for, or for ever.
struct Patience {
  std::optional<Instant> deadline{};
  StopToken stop{};
};

/// `Result<std::size_t> n = co_await Operation{loop, op::Recv{fd, buffer}, {.deadline = at}};`
///
/// Yields what the op's `to_result` makes of it. When patience ends first, the op is cancelled, its
/// completion is waited for, and the outcome is ETIMEDOUT (deadline) or ECANCELED (stop), unless the op had
/// succeeded all the same.
///
/// One that has a name can be started first and awaited later, and goes on meanwhile. Once started it must be
/// awaited before it is destroyed.
template <typename Args>
class Operation final : private Timer, private StopListener {
 public:
  Operation(Loop& loop, Args args, Patience patience = {}) : loop_(loop), op_(args), patience_(patience) {}

  void start() {
    started_ = true;
    if (patience_.stop.stop_requested()) {
      op_.result = -ECANCELED;  // never submitted: whoever is asked to stop starts nothing new
      return;
    }
    loop_.ring().submit(op_);
    if (patience_.deadline) loop_.timers().set(*this, *patience_.deadline);
    patience_.stop.subscribe(*this);
  }

  [[nodiscard]] bool await_ready() {
    if (!started_) start();
    return op_.phase != Op::Phase::in_kernel && !op_.collected;
  }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { op_.waiter = waiter; }
  Result<typename Args::Value> await_resume() {
    if (op_.result == -ECANCELED && timed_out_) return Error{ETIMEDOUT};
    return Args::to_result(op_.result);
  }

 private:
  void on_timer() noexcept override {
    timed_out_ = true;
    cancel();
  }
  void on_stop() noexcept override { cancel(); }
  void cancel() noexcept {
    op_.cancelled = true;
    if (op_.phase == Op::Phase::in_kernel) loop_.ring().cancel(op_);
  }

  Loop& loop_;
  Op op_;
  Patience patience_;
  bool started_ = false;
  bool timed_out_ = false;
};

/// Tells again and again that a descriptor is readable, with one request to the kernel where that can be.
///
/// Edge-like: after `wait` returns, read (or accept) until EAGAIN before waiting again. Must be `close`d
/// before it goes.
class Readiness final : private StopListener {
 public:
  /// Borrows `fd`, which stays open until `close` is over.
  Readiness(Loop& loop, int fd) noexcept;

  /// Waits until the descriptor is readable; the events, or ECANCELED when `stop` was asked for.
  Task<Result<std::uint32_t>> wait(StopToken stop = {});

  /// Takes the request out of the kernel.
  Task<void> close();

 private:
  void on_stop() noexcept override;

  Loop& loop_;
  Op op_;
};

/// Waits until `when`; false when `stop` was asked for first.
class Sleep final : private Timer, private StopListener {
 public:
  Sleep(Loop& loop, Instant when, StopToken stop = {}) : loop_(loop), when_(when), stop_(stop) {}

  [[nodiscard]] bool await_ready() const noexcept { return stop_.stop_requested(); }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    loop_.timers().set(*this, when_);
    stop_.subscribe(*this);
  }
  bool await_resume() const noexcept { return fired_; }

 private:
  void on_timer() noexcept override {
    fired_ = true;
    wake();
  }
  void on_stop() noexcept override {
    loop_.timers().cancel(*this);
    wake();
  }
  void wake() noexcept {
    if (StopListener::is_linked()) StopListener::unlink();
    loop_.make_ready(waiter_);
  }

  Loop& loop_;
  Instant when_;
  StopToken stop_;
  std::coroutine_handle<> waiter_;
  bool fired_ = false;
};

}  // namespace uflush
