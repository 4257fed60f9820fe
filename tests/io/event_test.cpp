#include "io/event.hpp"

#include <string>

#include <gtest/gtest.h>

#include "io/mutex.hpp"
#include "tests/io/backends.hpp"

namespace uflush {
namespace {

class EventTest : public BackendTest<SimBackend> {};
class MutexTest : public BackendTest<SimBackend> {};

Task<void> wait_for(Event& event, StopToken stop, std::string& calls, char letter) {
  co_await event.wait(stop);
  calls += letter;
}

TEST_F(EventTest, WakesAllWhoWaitInTheOrderInWhichTheyCame) {
  std::string calls;
  const auto parent = [](Loop& in, std::string& log) -> Task<void> {
    Event event(in);
    Scope scope;
    event.notify();  // nobody waits: forgotten
    scope.spawn(wait_for(event, {}, log, 'a'));
    scope.spawn(wait_for(event, {}, log, 'b'));
    EXPECT_EQ(log, "");
    event.notify();
    EXPECT_EQ(log, "");  // never inline
    co_await scope.join();
  };
  loop_->run(parent(*loop_, calls));
  EXPECT_EQ(calls, "ab");
}

TEST_F(EventTest, WakesAWaiterOnceWhetherByNotifyOrStop) {
  std::string calls;
  const auto parent = [](Loop& in, std::string& log) -> Task<void> {
    Event event(in);
    StopSource stop;
    Scope scope;
    scope.spawn(wait_for(event, stop, log, 's'));
    scope.spawn(wait_for(event, {}, log, 'n'));
    stop.request_stop();
    event.notify();
    scope.spawn(wait_for(event, stop, log, 'x'));  // stopped beforehand: does not wait
    co_await scope.join();
  };
  loop_->run(parent(*loop_, calls));
  EXPECT_EQ(calls, "xsn");
}

Task<void> hold(Loop& loop, Mutex& mutex, std::string& calls, char letter) {
  const auto turn = co_await mutex.lock();
  calls += letter;
  EXPECT_TRUE(co_await (Sleep{loop, loop.now() + std::chrono::seconds(1)}));
  calls += letter;
}

TEST_F(MutexTest, LetsOneInAtATimeFirstComeFirstServed) {
  std::string calls;
  const auto parent = [](Loop& in, std::string& log) -> Task<void> {
    Mutex mutex(in);
    Scope scope;
    for (const char letter : {'a', 'b', 'c'}) scope.spawn(hold(in, mutex, log, letter));
    EXPECT_FALSE(mutex.is_free());
    co_await scope.join();
    EXPECT_TRUE(mutex.is_free());
  };
  loop_->run(parent(*loop_, calls));
  EXPECT_EQ(calls, "aabbcc");
}

}  // namespace
}  // namespace uflush
