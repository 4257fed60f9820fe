/// The loop: one thread, one ring, everything that runs runs here.
///
/// A turn has three beats. *Run*: resume the coroutines that are ready; when none is left, call whoever asked
/// for the end of the turn (batched work), and resume what that made ready. *Turn the ring*: hand over what
/// was submitted, wait, gather completions. *Collect*: their waiters become ready, due timers fire. Nothing
/// is resumed while completions are gathered, so the stack stays flat and the order is easy to follow.
#pragma once

#include <coroutine>
#include <vector>

#include <boost/intrusive/list.hpp>

#include "io/clock.hpp"
#include "io/ring.hpp"
#include "io/scope.hpp"
#include "io/task.hpp"
#include "io/timer.hpp"

namespace uflush {

/// Wants to be called when everything that was ready in this turn has run: the moment to do in one go what
/// they all asked for. Called once for each time it is registered.
class TurnEnd
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  TurnEnd() = default;
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;
  virtual ~TurnEnd() = default;
  virtual void on_turn_end() = 0;
};

class Loop {
 public:
  /// Borrows both; they outlive the loop.
  Loop(Ring& ring, Clock& clock);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Runs `task`, and with it everything that it spawned, to its end.
  void run(Task<void> task);

  /// `waiter` is resumed within this turn, after those that are ready already.
  void make_ready(std::coroutine_handle<> waiter) { ready_.push_back(waiter); }

  void at_turn_end(TurnEnd& hook) {
    if (!hook.is_linked()) turn_ends_.push_back(hook);
  }

  /// The time when this turn began.
  [[nodiscard]] Instant now() const noexcept { return now_; }
  /// The time now, which may be much later in a long turn.
  [[nodiscard]] Instant time() const { return clock_.now(); }
  [[nodiscard]] std::time_t wall_time() const { return clock_.wall_time(); }

  [[nodiscard]] Ring& ring() noexcept { return ring_; }
  [[nodiscard]] TimerHeap& timers() noexcept { return timers_; }

 private:
  using TurnEnds = boost::intrusive::list<TurnEnd, boost::intrusive::constant_time_size<false>>;

  void run_ready();
  void turn();
  void gather(std::optional<Instant> until);

  Ring& ring_;
  Clock& clock_;
  Instant now_;
  TimerHeap timers_;
  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> running_;
  std::vector<Op*> completed_;
  TurnEnds turn_ends_;
};

}  // namespace uflush
