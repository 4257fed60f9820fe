/// Something has changed: wakes whoever waits for it.
#pragma once

#include <coroutine>

#include <boost/intrusive/list.hpp>

#include "io/check.hpp"
#include "io/loop.hpp"
#include "io/stop.hpp"

namespace uflush {

/// `while (!condition) co_await changed.wait();` and `changed.notify()` after each change. No waiter may be
/// left when it is destroyed.
class Event {
 public:
  explicit Event(Loop& loop) noexcept : loop_(loop) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { FLUSH_ASSERT(waiting_.empty()); }

  /// Waits for the next notify(), or until `stop` is asked for.
  class Wait final
      : private StopListener,
        public boost::intrusive::list_base_hook<boost::intrusive::tag<Event>,
                                                boost::intrusive::link_mode<boost::intrusive::safe_link>> {
   public:
    Wait(Event& event, StopToken stop) noexcept : event_(event), stop_(stop) {}
    [[nodiscard]] bool await_ready() const noexcept { return stop_.stop_requested(); }
    void await_suspend(std::coroutine_handle<> waiter) {
      waiter_ = waiter;
      event_.waiting_.push_back(*this);
      stop_.subscribe(*this);
    }
    void await_resume() const noexcept {}

   private:
    friend class Event;
    void on_stop() noexcept override {
      event_.waiting_.erase(event_.waiting_.iterator_to(*this));
      event_.loop_.make_ready(waiter_);
    }
    void wake() {
      if (StopListener::is_linked()) StopListener::unlink();
      event_.loop_.make_ready(waiter_);
    }

    Event& event_;
    StopToken stop_;
    std::coroutine_handle<> waiter_;
  };

  [[nodiscard]] Wait wait(StopToken stop = {}) noexcept { return Wait{*this, stop}; }

  /// Wakes all who wait now.
  void notify() {
    while (!waiting_.empty()) {
      Wait& first = waiting_.front();
      waiting_.pop_front();
      first.wake();
    }
  }

 private:
  friend class Wait;
  using Waiting = boost::intrusive::list<
      Wait, boost::intrusive::base_hook<boost::intrusive::list_base_hook<
                boost::intrusive::tag<Event>, boost::intrusive::link_mode<boost::intrusive::safe_link>>>>;

  Loop& loop_;
  Waiting waiting_;
};

}  // namespace uflush
