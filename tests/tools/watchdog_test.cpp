// A loop that stands still is ended; one that turns is not.
#include "tools/uflush/watchdog.hpp"

#include <csignal>
#include <ctime>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "io/operation.hpp"
#include "io/uring_ring.hpp"

namespace uflush {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Task<void> turn_for(Loop& loop, milliseconds time) {
  co_await Sleep{loop, loop.now() + time};
}

/// A loop on a ring of its own, to be made in the process that uses it.
struct OwnLoop {
  std::unique_ptr<UringRing> ring = std::move(std::get<0>(UringRing::create()));
  SystemClock clock;
  Loop loop{*ring, clock};
};

/// On stderr, where a test of a death can see them.
std::vector<PreparedRecord> last_words(std::time_t when) {
  return {{STDERR_FILENO, std::to_string(when - std::time(nullptr)) + "s later: watchdog timeout"}};
}

void stand_still() {
  OwnLoop own;
  const Watchdog watchdog(own.loop, seconds(1), last_words);
  for (;;) ::pause();
}

TEST(WatchdogDeathTest, EndsAProcessWhoseLoopStandsStill) {
  EXPECT_EXIT(stand_still(), testing::ExitedWithCode(1), "1s later: watchdog timeout");
}

TEST(Watchdog, IsPutOffByALoopThatTurns) {
  OwnLoop own;
  const Watchdog watchdog(own.loop, seconds(1), last_words);
  own.loop.run(turn_for(own.loop, milliseconds(1300)));
  SUCCEED();  // SIGALRM would have ended us
}

void turn_after_the_last_call() {
  OwnLoop own;
  Watchdog watchdog(own.loop, seconds(1), last_words);
  watchdog.last_call(seconds(1));
  own.loop.run(turn_for(own.loop, milliseconds(60'000)));
}

TEST(WatchdogDeathTest, EndsEvenALoopThatTurnsAfterTheLastCall) {
  EXPECT_EXIT(turn_after_the_last_call(), testing::KilledBySignal(SIGALRM), "");
}

}  // namespace
}  // namespace uflush
