#include "io/timer.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/dice.hpp"

namespace uflush {
namespace {

Instant at(std::size_t tick) {
  return Instant(std::chrono::milliseconds(tick));
}

/// Writes its number down when it is called.
struct NotedTimer final : Timer {
  NotedTimer(std::size_t own_number, std::vector<std::size_t>& log) : number(own_number), fired(log) {}
  void on_timer() noexcept override { fired.push_back(number); }
  std::size_t number;
  std::vector<std::size_t>& fired;
};

TEST(TimerHeap, AgreesWithASortedListOverAnyMixOfCalls) {
  constexpr std::size_t timer_count = 40;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice{Seed{seed}};
    TimerHeap heap;
    std::vector<std::size_t> fired;
    std::vector<std::unique_ptr<NotedTimer>> timers;
    for (std::size_t i = 0; i < timer_count; ++i) timers.push_back(std::make_unique<NotedTimer>(i, fired));
    std::map<std::size_t, std::size_t> oracle;  // timer -> tick
    for (std::size_t now = 0; now < 300; ++now) {
      const std::size_t number = dice.below(timer_count);
      if (dice.chance(0.7)) {
        const std::size_t tick = now + dice.below(50);
        heap.set(*timers[number], at(tick));
        oracle[number] = tick;
      } else if (dice.chance(0.8)) {
        heap.cancel(*timers[number]);
        oracle.erase(number);
      } else {
        timers[number] = std::make_unique<NotedTimer>(number, fired);  // the old one leaves by itself
        oracle.erase(number);
      }
      const auto earlier = [](const auto& a, const auto& b) { return a.second < b.second; };
      const auto next = std::min_element(oracle.begin(), oracle.end(), earlier);
      ASSERT_EQ(heap.next(), next == oracle.end() ? std::nullopt : std::optional(at(next->second)));
      fired.clear();
      heap.fire(at(now));
      std::vector<std::size_t> due;
      for (const auto& [timer, tick] : oracle)
        if (tick <= now) due.push_back(timer);
      for (const std::size_t timer : due) oracle.erase(timer);
      std::sort(fired.begin(), fired.end());
      ASSERT_EQ(fired, due);
      for (std::size_t i = 0; i < timer_count; ++i) ASSERT_EQ(timers[i]->is_set(), oracle.contains(i));
    }
  }
}

TEST(TimerHeap, CallsTheEarlierTimerFirst) {
  TimerHeap heap;
  std::vector<std::size_t> fired;
  NotedTimer late(2, fired);
  NotedTimer early(1, fired);
  heap.set(late, at(20));
  heap.set(early, at(10));
  heap.fire(at(9));
  EXPECT_TRUE(fired.empty());
  heap.fire(at(20));
  EXPECT_EQ(fired, (std::vector<std::size_t>{1, 2}));
}

/// Cancels another timer, and sets itself again, when it is called.
struct Meddler final : Timer {
  Meddler(TimerHeap& in, Timer& other) : heap(in), victim(other) {}
  void on_timer() noexcept override {
    ++calls;
    heap.cancel(victim);
    heap.set(*this, at(100));
  }
  TimerHeap& heap;
  Timer& victim;
  int calls = 0;
};

TEST(TimerHeap, LetsATimerCancelAnotherAndSetItselfAgain) {
  TimerHeap heap;
  std::vector<std::size_t> fired;
  NotedTimer victim(1, fired);
  Meddler meddler(heap, victim);
  heap.set(meddler, at(1));
  heap.set(victim, at(2));
  heap.fire(at(5));
  EXPECT_TRUE(fired.empty());
  EXPECT_EQ(meddler.calls, 1);
  EXPECT_EQ(heap.next(), at(100));
}

}  // namespace
}  // namespace uflush
