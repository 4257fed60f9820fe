/// The coroutine type: lazy, one owner, one waiter, one thread.
///
/// A task starts when it is awaited (or given to a Scope) and hands control over by symmetric transfer, so
/// chains of any length use no stack. Failures travel as values; an exception that escapes ends the process.
/// Destroying a task that is suspended midway would pull the frame from under the kernel, so that aborts.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "io/check.hpp"

namespace uflush {

template <typename T = void>
class Task;

/// Who takes over the frame of a finished task instead of a waiting coroutine.
class TaskOwner {
 public:
  /// Called when the task is over. Destroys `frame`; what it returns runs next.
  virtual std::coroutine_handle<> task_finished(std::coroutine_handle<> frame) noexcept = 0;

 protected:
  ~TaskOwner() = default;
};

namespace detail {

class TaskPromiseBase {
 public:
  struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) const noexcept {
      TaskPromiseBase& promise = frame.promise();
      if (promise.owner_ != nullptr) return promise.owner_->task_finished(frame);
      return promise.waiter_;
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }

  void set_waiter(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
  void set_owner(TaskOwner& owner) noexcept { owner_ = &owner; }
  [[nodiscard]] bool started() const noexcept { return started_; }
  void set_started() noexcept { started_ = true; }

 private:
  std::coroutine_handle<> waiter_ = std::noop_coroutine();
  TaskOwner* owner_ = nullptr;
  bool started_ = false;
};

template <typename T>
class TaskPromise : public TaskPromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <typename U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> : public TaskPromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace detail

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Frame = std::coroutine_handle<promise_type>;

  explicit Task(Frame frame) noexcept : frame_(frame) {}
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (!frame_) return;
    FLUSH_ASSERT(!frame_.promise().started() || frame_.done());
    frame_.destroy();
  }

  /// Gives the frame away: its new owner starts it, and destroys it when it is done.
  [[nodiscard]] Frame release() noexcept { return std::exchange(frame_, nullptr); }

  auto operator co_await() && noexcept {
    struct Awaiter {
      Frame frame;
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) const noexcept {
        frame.promise().set_waiter(waiter);
        frame.promise().set_started();
        return frame;
      }
      T await_resume() const { return frame.promise().take(); }
    };
    FLUSH_ASSERT(frame_ && !frame_.promise().started());
    return Awaiter{frame_};
  }

 private:
  Frame frame_;
};

namespace detail {

template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>{std::coroutine_handle<TaskPromise>::from_promise(*this)};
}

inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>{std::coroutine_handle<TaskPromise>::from_promise(*this)};
}

}  // namespace detail
}  // namespace uflush
