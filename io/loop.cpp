#include "io/loop.hpp"

#include <utility>

namespace uflush {
namespace {

/// After so many rounds of run-and-batch the ring gets its turn even if more is ready: new clients are not
/// starved by coroutines that keep waking each other.
constexpr int rounds_per_turn_max = 16;
/// Before the end of a turn the ring is asked so many times whether there is more: what has come meanwhile
/// belongs into the same batches.
constexpr int looks_per_turn_max = 4;

}  // namespace

Loop::Loop(Ring& ring, Clock& clock) : ring_(ring), clock_(clock), now_(clock.now()) {}

Loop::~Loop() {
  FLUSH_ASSERT(ready_.empty() && turn_ends_.empty());
}

void Loop::run(Task<void> task) {
  Scope root;
  root.spawn(std::move(task));
  while (root.size() > 0) {
    run_ready();
    if (root.size() == 0) break;
    turn();
  }
}

void Loop::run_ready() {
  int looks = 0;
  for (int round = 0; round < rounds_per_turn_max && !(ready_.empty() && turn_ends_.empty()); ++round) {
    running_.swap(ready_);
    for (const std::coroutine_handle<> waiter : running_) waiter.resume();
    running_.clear();
    if (!turn_ends_.empty() && looks < looks_per_turn_max && ring_.has_news()) {
      ++looks;
      gather(Instant::min());
    }
    if (!ready_.empty()) continue;
    TurnEnds due;  // who asks again meanwhile is called in the next round
    due.swap(turn_ends_);
    while (!due.empty()) {
      TurnEnd& hook = due.front();
      due.pop_front();
      hook.on_turn_end();
    }
  }
}

void Loop::turn() {
  std::optional<Instant> until = timers_.next();
  if (!ready_.empty() || !turn_ends_.empty()) until = Instant::min();
  gather(until);
  timers_.fire(now_);
}

/// Has the ring turn, and makes ready whoever waited for what completed. Sends that got rid of a part only go
/// on.
void Loop::gather(std::optional<Instant> until) {
  ring_.turn(until, completed_);
  now_ = clock_.now();
  for (Op* op : completed_) {
    op->collected = false;
    if (op->phase == Op::Phase::done && op->has_more_to_send()) {
      ring_.submit(*op);
      continue;
    }
    if (op->waiter) ready_.push_back(std::exchange(op->waiter, nullptr));
  }
  completed_.clear();
}

}  // namespace uflush
