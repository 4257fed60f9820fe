/// Concurrent tasks with one owner. Nothing is ever detached: whoever spawns into a scope also waits for it.
#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include "io/check.hpp"
#include "io/task.hpp"

namespace uflush {

/// Owns the frames of the tasks spawned into it. Its destructor asserts that they are all over. A scope does
/// not cancel: hand its tasks a StopToken and ask there, then `join`.
class Scope final : private TaskOwner {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { FLUSH_ASSERT(count_ == 0); }

  /// Starts `task` at once; returns when it first suspends or is over.
  void spawn(Task<void> task) {
    ++count_;
    const Task<void>::Frame frame = task.release();
    frame.promise().set_owner(*this);
    frame.promise().set_started();
    frame.resume();
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  /// Waits until every task is over, those included that are spawned meanwhile. One waiter at a time.
  auto join() noexcept {
    struct Awaiter {
      Scope& scope;
      [[nodiscard]] bool await_ready() const noexcept { return scope.count_ == 0; }
      void await_suspend(std::coroutine_handle<> waiter) const noexcept {
        FLUSH_ASSERT(!scope.joiner_);
        scope.joiner_ = waiter;
      }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

 private:
  std::coroutine_handle<> task_finished(std::coroutine_handle<> frame) noexcept override {
    frame.destroy();
    --count_;
    if (count_ > 0 || !joiner_) return std::noop_coroutine();
    return std::exchange(joiner_, nullptr);
  }

  std::size_t count_ = 0;
  std::coroutine_handle<> joiner_;
};

}  // namespace uflush
