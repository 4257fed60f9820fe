// Looking for news before going to sleep: only while it pays.
#include "io/busy_wait.hpp"

#include <gtest/gtest.h>

namespace uflush {
namespace {

using std::chrono::microseconds;

constexpr Duration limit = microseconds{100};

Instant now() {
  return std::chrono::steady_clock::now();
}

/// How often `wait` asks before it gives up.
int looks(BusyWait& wait, Instant until = Instant::max()) {
  int asked = 0;
  EXPECT_FALSE(wait.look(
      [&] {
        ++asked;
        return false;
      },
      now(), until));
  return asked;
}

TEST(BusyWait, DoesNotLookBeforeItHasSeenWorkComeInTime) {
  BusyWait wait(limit);
  EXPECT_FALSE(wait.is_worth_it());
  EXPECT_EQ(looks(wait), 0);
}

TEST(BusyWait, LooksLongerTheMoreOftenWorkComesInTime) {
  BusyWait wait(limit);
  wait.waited(microseconds{30});
  EXPECT_TRUE(wait.is_worth_it());
  const Instant began = now();
  EXPECT_GT(looks(wait), 0);
  const Duration first = now() - began;
  for (int i = 0; i < 10; ++i) wait.waited(microseconds{30});
  const Instant again = now();
  looks(wait);
  const Duration later = now() - again;
  EXPECT_GE(first, limit / 8);
  EXPECT_GE(later, limit);
}

TEST(BusyWait, GivesUpAsSoonAsWorkTakesLonger) {
  BusyWait wait(limit);
  for (int i = 0; i < 10; ++i) wait.waited(microseconds{30});
  wait.waited(microseconds{101});
  EXPECT_FALSE(wait.is_worth_it());
  EXPECT_EQ(looks(wait), 0);
}

TEST(BusyWait, IsOverWhenThereIsNews) {
  BusyWait wait(limit);
  for (int i = 0; i < 10; ++i) wait.waited(microseconds{30});
  int asked = 0;
  EXPECT_TRUE(wait.look([&] { return ++asked == 3; }, now(), Instant::max()));
  EXPECT_EQ(asked, 3);
}

TEST(BusyWait, ObeysTheTimeLimitOfTheCaller) {
  BusyWait wait(std::chrono::seconds{100});
  wait.waited(microseconds{30});
  const Instant began = now();
  looks(wait, began + microseconds{200});
  EXPECT_LT(now() - began, std::chrono::seconds{5});
}

TEST(BusyWait, NeverLooksWithALimitOfZero) {
  BusyWait wait(Duration::zero());
  wait.waited(Duration::zero());
  EXPECT_FALSE(wait.is_worth_it());
}

}  // namespace
}  // namespace uflush
