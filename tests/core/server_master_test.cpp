// The server and master(8): what it reports, when it hears that it must go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "protocol/master_status.hpp"
#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

constexpr const char* log_path = "flush/example_com";

/// The other end of the status channel.
class SimMaster {
 public:
  SimMaster() {
    std::array<int, 2> ends{};
    FLUSH_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    ours_ = Fd(ends[0]);
    theirs_ = Fd(ends[1]);
    channel.emplace(theirs_.get(), 17, 4711);
  }

  /// "T" and "A" for each status record so far.
  std::string statuses() {
    std::array<MasterStatusBytes::value_type, 12> record{};
    while (::recv(ours_.get(), record.data(), record.size(), 0) == 12) {
      if (std::equal(record.begin(), record.end(),
                     encode_master_status(4711, 17, MasterStatus::taken).begin())) {
        statuses_ += 'T';
      } else if (std::equal(record.begin(), record.end(),
                            encode_master_status(4711, 17, MasterStatus::available).begin())) {
        statuses_ += 'A';
      } else {
        statuses_ += '?';
      }
    }
    return statuses_;
  }
  void close() { ours_.reset(); }

  /// Reads no more: other processes of the service fill the channel.
  void stand_still() {
    const MasterStatusBytes record = encode_master_status(1, 17, MasterStatus::available);
    while (::send(theirs_.get(), record.data(), record.size(), 0) == 12) ++unread_;
  }
  void go_on() {
    MasterStatusBytes record{};
    for (; unread_ > 0; --unread_) FLUSH_ASSERT(::recv(ours_.get(), record.data(), record.size(), 0) == 12);
  }

  std::optional<MasterChannel> channel;

 private:
  Fd ours_;
  Fd theirs_;
  std::string statuses_;
  int unread_ = 0;
};

DaemonInSim::Adjust with_master(SimMaster& master) {
  return [&master](ServerSurroundings& around) { around.master = &*master.channel; };
}

TEST(Server, DiesOfALeftOverArgumentWhenTheFirstClientComes) {
  SimMaster master;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), [&](ServerSurroundings& around) {
                       around.unexpected_argument = "foo";
                       around.master = &*master.channel;
                     }};
  sim.run_for(seconds(1000));
  EXPECT_FALSE(daemon.is_over());
  SimClient client(sim);
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over() && client.is_over(); }));
  EXPECT_EQ(daemon.exit_status, 1);
  EXPECT_EQ(client.received(), "");
  EXPECT_THAT(daemon.sink.records, ElementsAre("fatal: unexpected command-line argument: foo"));
  EXPECT_EQ(master.statuses(), "T");
}

TEST(Master, IsToldOnceThatWeWereBusy) {
  SimMaster master;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_master(master)};
  sim.settle();
  EXPECT_EQ(master.statuses(), "");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  EXPECT_EQ(master.statuses(), "TA");
}

TEST(Master, IsToldWhenThereIsNoMoreRoomAndWhenThereIsAgain) {
  SimMaster master;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), [&](ServerSurroundings& around) {
                       around.clients_max = 1;
                       around.master = &*master.channel;
                     }};
  SimClient first(sim);
  sim.settle();
  SimClient second(sim);
  sim.settle();
  EXPECT_EQ(master.statuses(), "T");
  first.close();
  sim.settle();
  EXPECT_EQ(master.statuses(), "TAT");  // the second one has taken the place
  second.close();
  sim.settle();
  EXPECT_TRUE(master.statuses().starts_with("TATA"));
  EXPECT_TRUE(master.statuses().ends_with("A"));
}

TEST(Master, EndsUsByClosingTheChannel) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimMaster master;
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_master(master)};
    daemon.log.set_verbose(1);
    sim.settle();
    master.close();
    ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
    EXPECT_EQ(daemon.exit_status, 0);
    EXPECT_THAT(daemon.sink.records, ElementsAre("master disconnect -- exiting"));
  }
}

TEST(Master, EndsUsWhileAClientIsServedToItsEnd) {
  SimMaster master;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_master(master)};
  SimClient client(sim);
  sim.settle();
  master.close();
  sim.settle();
  EXPECT_FALSE(daemon.is_over());
  client.send(request_bytes(AddRequest{"example.com", "A1"}));
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  sim.settle();
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
  EXPECT_TRUE(client.received().ends_with(reply_bytes(Status::ok)));
}

TEST(Master, IsMissedWhenTheFirstClientComes) {
  SimMaster master;
  Sim sim{Seed{1}};
  Caller add(sim, AddRequest{"example.com", "A1"});
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_master(master)};
  // Not noticed by the poll, as the channel was closed between it and the first connection.
  sim.ring.faults.delay = 0.9;
  master.close();
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  EXPECT_EQ(daemon.exit_status, 0);
}

TEST(Master, IsToldLaterWhenItStandsStill) {
  SimMaster master;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_master(master)};
  master.stand_still();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  EXPECT_EQ(master.channel->waiting(), 2U);
  master.go_on();
  sim.settle();
  EXPECT_EQ(master.statuses(), "TA");
}

TEST(Master, EndsUsAlsoWhileReportsWait) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimMaster master;
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_master(master)};
    master.stand_still();
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
    master.close();
    ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
    EXPECT_EQ(daemon.exit_status, 0);
  }
}

}  // namespace
}  // namespace uflush
