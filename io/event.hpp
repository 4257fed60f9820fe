/// Something has changed: wakes whoever waits for it.
#pragma once

#include <coroutine>
#include <utility>
#include <vector>

#include "io/check.hpp"
#include "io/loop.hpp"

namespace uflush {

/// `while (!condition) co_await changed.wait();` and `changed.notify()` after each change. No waiter may be
/// left when it is destroyed.
class Event {
 public:
  explicit Event(Loop& loop) noexcept : loop_(loop) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { FLUSH_ASSERT(waiting_.empty()); }

  /// Wakes all who wait now.
  void notify() {
    for (const std::coroutine_handle<> waiter : std::exchange(waiting_, {})) loop_.make_ready(waiter);
  }

  auto wait() noexcept {
    struct Awaiter {
      Event& event;
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> waiter) const { event.waiting_.push_back(waiter); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

 private:
  Loop& loop_;
  std::vector<std::coroutine_handle<>> waiting_;
};

}  // namespace uflush
