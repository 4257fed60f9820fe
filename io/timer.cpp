#include "io/timer.hpp"

namespace uflush {

Timer::~Timer() {
  if (heap_ != nullptr) heap_->cancel(*this);
}

void TimerHeap::set(Timer& timer, Instant when) {
  if (timer.heap_ != nullptr) cancel(timer);
  timer.heap_ = this;
  timer.when_ = when;
  timers_.push_back(&timer);
  timer.index_ = timers_.size() - 1;
  move_up(timer.index_);
}

void TimerHeap::cancel(Timer& timer) noexcept {
  if (timer.heap_ == nullptr) return;
  FLUSH_ASSERT(timer.heap_ == this && timers_[timer.index_] == &timer);
  const std::size_t hole = timer.index_;
  Timer* last = timers_.back();
  timers_.pop_back();
  timer.heap_ = nullptr;
  if (last == &timer) return;
  place(last, hole);
  move_up(hole);
  move_down(last->index_);
}

std::optional<Instant> TimerHeap::next() const noexcept {
  if (timers_.empty()) return std::nullopt;
  return timers_.front()->when_;
}

void TimerHeap::fire(Instant now) noexcept {
  while (!timers_.empty() && timers_.front()->when_ <= now) {
    Timer& due = *timers_.front();
    cancel(due);
    due.on_timer();
  }
}

void TimerHeap::place(Timer* timer, std::size_t index) noexcept {
  timers_[index] = timer;
  timer->index_ = index;
}

void TimerHeap::move_up(std::size_t index) noexcept {
  Timer* timer = timers_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (timers_[parent]->when_ <= timer->when_) break;
    place(timers_[parent], index);
    index = parent;
  }
  place(timer, index);
}

void TimerHeap::move_down(std::size_t index) noexcept {
  Timer* timer = timers_[index];
  while (true) {
    std::size_t child = 2 * index + 1;
    if (child >= timers_.size()) break;
    if (child + 1 < timers_.size() && timers_[child + 1]->when_ < timers_[child]->when_) ++child;
    if (timer->when_ <= timers_[child]->when_) break;
    place(timers_[child], index);
    index = child;
  }
  place(timer, index);
}

}  // namespace uflush
