/// One at a time, for coroutines of one loop.
#pragma once

#include <coroutine>
#include <deque>
#include <optional>
#include <utility>

#include "io/check.hpp"
#include "io/loop.hpp"

namespace uflush {

/// `const auto turn = co_await mutex.lock();` holds it until `turn` goes. First come, first served. Nobody
/// may hold it or wait for it when it is destroyed.
class Mutex {
 public:
  explicit Mutex(Loop& loop) noexcept : loop_(loop) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  ~Mutex() { FLUSH_ASSERT(!held_ && waiting_.empty()); }

  class [[nodiscard]] Guard {
   public:
    explicit Guard(Mutex& mutex) noexcept : mutex_(&mutex) {}
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&&) = delete;
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      if (mutex_ != nullptr) mutex_->unlock();
    }

   private:
    Mutex* mutex_;
  };

  auto lock() noexcept {
    struct Awaiter {
      Mutex& mutex;
      [[nodiscard]] bool await_ready() const noexcept { return !std::exchange(mutex.held_, true); }
      void await_suspend(std::coroutine_handle<> waiter) const { mutex.waiting_.push_back(waiter); }
      Guard await_resume() const noexcept { return Guard{mutex}; }
    };
    return Awaiter{*this};
  }

  /// Nothing when somebody holds it.
  [[nodiscard]] std::optional<Guard> try_lock() noexcept {
    if (std::exchange(held_, true)) return std::nullopt;
    return Guard{*this};
  }

  /// Nobody holds it, nobody waits for it.
  [[nodiscard]] bool is_free() const noexcept { return !held_; }

 private:
  void unlock() {
    if (waiting_.empty()) {
      held_ = false;
      return;
    }
    loop_.make_ready(waiting_.front());  // stays held: it is the next one's now
    waiting_.pop_front();
  }

  Loop& loop_;
  std::deque<std::coroutine_handle<>> waiting_;
  bool held_ = false;
};

}  // namespace uflush
