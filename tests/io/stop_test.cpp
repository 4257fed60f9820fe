#include "io/stop.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace uflush {
namespace {

struct Listener final : StopListener {
  Listener(std::string& log, char called) : calls(log), name(called) {}
  void on_stop() noexcept override { calls += name; }
  std::string& calls;
  char name;
};

TEST(Stop, TellsEachListenerOnceInTheOrderInWhichTheyCame) {
  std::string calls;
  StopSource source;
  const StopToken token = source;
  Listener first(calls, '1');
  Listener second(calls, '2');
  token.subscribe(first);
  token.subscribe(second);
  EXPECT_FALSE(token.stop_requested());
  source.request_stop();
  source.request_stop();
  EXPECT_EQ(calls, "12");
  EXPECT_TRUE(token.stop_requested());
}

TEST(Stop, ForgetsAListenerThatHasGone) {
  std::string calls;
  StopSource source;
  Listener stays(calls, 's');
  {
    Listener goes(calls, 'g');
    StopToken{source}.subscribe(goes);
    StopToken{source}.subscribe(stays);
  }
  source.request_stop();
  EXPECT_EQ(calls, "s");
}

/// Takes another listener away when it hears of the stop.
struct Assassin final : StopListener {
  explicit Assassin(std::unique_ptr<Listener>& other) : victim(other) {}
  void on_stop() noexcept override { victim.reset(); }
  std::unique_ptr<Listener>& victim;
};

TEST(Stop, LetsAListenerTakeAnotherAway) {
  std::string calls;
  StopSource source;
  auto victim = std::make_unique<Listener>(calls, 'v');
  Assassin assassin(victim);
  Listener last(calls, 'l');
  StopToken{source}.subscribe(assassin);
  StopToken{source}.subscribe(*victim);
  StopToken{source}.subscribe(last);
  source.request_stop();
  EXPECT_EQ(calls, "l");
}

TEST(Stop, ADefaultTokenNeverStops) {
  std::string calls;
  Listener listener(calls, 'x');
  const StopToken token;
  token.subscribe(listener);
  EXPECT_FALSE(token.stop_requested());
  EXPECT_FALSE(listener.is_linked());
}

}  // namespace
}  // namespace uflush
