// Questions that the server asks when a descriptor becomes readable: must it end?
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

/// A descriptor that becomes readable.
class SimSignal {
 public:
  SimSignal() {
    std::array<int, 2> ends{};
    FLUSH_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    in_ = Fd(ends[0]);
    out_ = Fd(ends[1]);
  }
  void raise() { FLUSH_ASSERT(::send(out_.get(), "x", 1, 0) == 1); }
  bool take() {
    char byte = 0;
    return ::recv(in_.get(), &byte, 1, 0) == 1;
  }
  [[nodiscard]] int fd() const { return in_.get(); }

 private:
  Fd in_;
  Fd out_;
};

TEST(Watch, DrainsWhenItsQuestionIsAnsweredWithYes) {
  SimSignal changes;
  bool out_of_date = false;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), [&](ServerSurroundings& around) {
                       around.watches.push_back(
                           {.fd = changes.fd(), .must_end = [&] { return changes.take() && out_of_date; }});
                     }};
  changes.raise();
  sim.settle();
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  SimClient client(sim);
  sim.settle();
  out_of_date = true;
  changes.raise();
  sim.settle();
  EXPECT_FALSE(daemon.is_over());  // until the client has gone
  client.close();
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  EXPECT_EQ(daemon.exit_status, 0);
}

TEST(Watch, DrainsWhenTheAnswerWasYesBeforeAnybodyWatched) {
  SimSignal silent;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), [&](ServerSurroundings& around) {
                       around.watches.push_back({.fd = silent.fd(), .must_end = [] { return true; }});
                     }};
  sim.settle();
  EXPECT_EQ(daemon.exit_status, 0);
}

TEST(Watch, LeavesAtASignalAlsoWhileDraining) {
  SimSignal signal;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), [&](ServerSurroundings& around) {
                       around.watches.push_back(
                           {.fd = signal.fd(), .must_end = [&] { return signal.take(); }, .leave = true});
                     }};
  SimClient silent(sim);
  sim.settle();
  daemon.server.drain("test");
  sim.settle();
  EXPECT_FALSE(daemon.is_over());
  signal.raise();
  sim.settle();
  EXPECT_EQ(daemon.exit_status, 0);
  EXPECT_EQ(silent.received(), announcement);
}

}  // namespace
}  // namespace uflush
