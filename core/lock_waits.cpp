#include "core/lock_waits.hpp"

#include <algorithm>
#include <chrono>

namespace uflush {
namespace {

/// Another process holds a lock for some ten microseconds when it appends, and for seconds when it sends.
constexpr std::chrono::microseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{1};
/// With many waits each one tries less often: a try takes about 10 us, so all together take a tenth of a
/// processor.
constexpr std::chrono::microseconds pause_per_wait{100};
/// How long before a try the file is opened: well within KeptLocks::for_others.
constexpr std::chrono::milliseconds lead{2};

}  // namespace

/// Waits for a moment, for the end of the pause, or for the end of all waits.
class LockWait::Doze final : private Timer, private StopListener {
 public:
  enum class End : std::uint8_t { time, woken, given_up };

  Doze(LockWait& wait, Duration length) : wait_(wait), length_(length) {}

  [[nodiscard]] bool await_ready() const noexcept { return wait_.all_.given_up_.stop_requested(); }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    wait_.doze_ = this;
    Loop& loop = wait_.all_.loop_;
    loop.timers().set(*this, loop.now() + length_);
    StopToken(wait_.all_.given_up_).subscribe(*this);
  }
  [[nodiscard]] End await_resume() const noexcept { return end_; }

  void wake() noexcept {
    wait_.all_.loop_.timers().cancel(*this);
    finish(End::woken);
  }

 private:
  void on_timer() noexcept override { finish(End::time); }
  void on_stop() noexcept override {
    wait_.all_.loop_.timers().cancel(*this);
    finish(End::given_up);
  }
  void finish(End end) noexcept {
    if (StopListener::is_linked()) StopListener::unlink();
    wait_.doze_ = nullptr;
    end_ = end;
    wait_.all_.loop_.make_ready(waiter_);
  }

  LockWait& wait_;
  Duration length_;
  std::coroutine_handle<> waiter_;
  End end_ = End::given_up;
};

Duration LockWait::next_pause() noexcept {
  const Duration longest = std::max<Duration>(longest_pause, all_.count_ * pause_per_wait);
  pause_ = pause_ == Duration::zero() ? Duration(first_pause) : std::min<Duration>(2 * pause_, longest);
  return pause_;
}

Task<bool> LockWait::pause() {
  const Duration length = next_pause();
  const Duration rest = std::min<Duration>(length, lead);
  if (length > rest) {
    Doze doze(*this, length - rest);
    const Doze::End end = co_await doze;
    if (end != Doze::End::time) co_return end == Doze::End::woken;
  }
  {
    [[maybe_unused]] const auto opened =
        all_.files_.open(current_directory, path_.c_str(), FileSystem::Open::read_write);
  }
  Doze doze(*this, rest);
  const Doze::End end = co_await doze;
  co_return end != Doze::End::given_up;
}

void LockWait::end_pause() noexcept {
  if (doze_ != nullptr) doze_->wake();
}

}  // namespace uflush
