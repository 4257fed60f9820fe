// The server's life: accepting, limits, draining, leaving, master(8).
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "protocol/master_status.hpp"
#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Ending = SimClient::Ending;

constexpr const char* log_path = "flush/example_com";

void with_idle_limit(ServerSurroundings& around) {
  around.idle_limit = true;
}

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

  std::optional<MasterChannel> channel;

 private:
  Fd ours_;
  Fd theirs_;
  std::string statuses_;
};

DaemonInSim::Adjust with_master(SimMaster& master) {
  return [&master](ServerSurroundings& around) { around.master = &*master.channel; };
}

TEST(Server, EndsWhenNobodyComesForMaxIdle) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_idle_limit};
  sim.run_for(seconds(99));
  EXPECT_FALSE(daemon.is_over());
  sim.run_for(seconds(2));
  EXPECT_EQ(daemon.exit_status, 0);
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(Server, CountsIdleTimeOnlyWhileNoClientIsConnected) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_idle_limit};
  SimClient first(sim);
  SimClient second(sim);
  sim.settle();
  sim.run_for(seconds(1000));
  EXPECT_FALSE(daemon.is_over());
  first.close();
  sim.settle();
  sim.run_for(seconds(1000));
  EXPECT_FALSE(daemon.is_over());
  second.close();
  sim.settle();
  sim.run_for(seconds(99));
  EXPECT_FALSE(daemon.is_over());
  sim.run_for(seconds(2));
  EXPECT_TRUE(daemon.is_over());
}

TEST(Server, StartsTheIdleTimeAnewAfterEachClient) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), with_idle_limit};
  for (int i = 0; i < 5; ++i) {
    sim.run_for(seconds(60));
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  }
  sim.run_for(seconds(99));
  EXPECT_FALSE(daemon.is_over());
  sim.run_for(seconds(2));
  EXPECT_TRUE(daemon.is_over());
}

TEST(Server, IgnoresTheMaxUseOfMainCf) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.max_use = 2;
  DaemonInSim daemon{sim, config};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  EXPECT_FALSE(daemon.is_over());
}

TEST(Server, EndsAfterAnExplicitNumberOfConnectionsOfAnyKind) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.max_use_explicit = 3;
  DaemonInSim daemon{sim, config};
  daemon.log.set_verbose(1);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  SimClient silent(sim);
  silent.wait_for(announcement.size()).close();
  ASSERT_TRUE(sim.run_until([&] { return silent.is_over(); }));
  SimClient last(sim);
  last.wait_for(announcement.size());
  ASSERT_TRUE(sim.run_until([&] { return last.has_done_all(); }));
  EXPECT_FALSE(daemon.is_over());  // the last one is served to its end
  last.send(request_bytes(AddRequest{"example.com", "B2"}));
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  EXPECT_EQ(daemon.exit_status, 0);
  EXPECT_EQ(sim.files.read(log_path), "A1\nB2\n");
  EXPECT_THAT(daemon.sink.records, testing::Contains("max_use connections served -- exiting"));
}

TEST(Server, LeavesTheBacklogToTheNextProcessOnceItDrains) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient early(sim);
  early.wait_for(announcement.size());
  ASSERT_TRUE(sim.run_until([&] { return early.has_done_all(); }));
  daemon.server.drain("test");
  daemon.server.drain("again");
  SimClient late(sim);
  late.send(request_bytes(AddRequest{"example.com", "B2"}));
  early.send(request_bytes(AddRequest{"example.com", "A1"}));
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  sim.settle();
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
  EXPECT_EQ(late.received(), "");
  EXPECT_FALSE(late.is_over());
}

TEST(Server, FinishesWhatItHasAcceptedWhateverItIs) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    sim.files.write("flush/other_example", "C3\n");
    Caller add(sim, AddRequest{"example.com", "A1"});
    Caller send(sim, SendSiteRequest{"other.example"});
    Caller refresh(sim, RefreshRequest{});
    ASSERT_TRUE(sim.run_until([&] { return daemon.server.clients() > 0; }));
    const std::size_t accepted = daemon.server.clients();
    daemon.server.drain("test");
    ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
    sim.settle();
    std::size_t answered = 0;
    for (const Caller* caller : {&add, &send, &refresh}) answered += caller->answer() == Status::ok ? 1 : 0;
    EXPECT_GE(answered, accepted);
  }
}

TEST(Server, DrainsNoLongerThanAMinute) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient silent(sim);
  sim.settle();
  daemon.server.drain("test");
  sim.run_for(seconds(59));
  EXPECT_FALSE(daemon.is_over());
  sim.run_for(seconds(2));
  EXPECT_EQ(daemon.exit_status, 0);
  sim.settle();
  EXPECT_EQ(silent.ending(), Ending::end_of_stream);
}

TEST(Server, FinishesASendHoweverLongTheDrainingTakes) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write("deferred/A/A1", "message");
  sim.files.write(log_path, "A1\n");
  sim.files.lock_from_outside(log_path);
  Caller send(sim, SendSiteRequest{"example.com"});
  sim.settle();
  daemon.server.drain("test");
  sim.run_for(seconds(600));
  EXPECT_FALSE(daemon.is_over());
  sim.files.unlock_from_outside(log_path);
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over() && send.is_over(); }));
  EXPECT_EQ(send.answer(), Status::ok);
  EXPECT_TRUE(sim.files.exists("incoming/A1"));
}

TEST(Server, GivesItsOnlyClientAsMuchTimeAsAnyOther) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  const Fd client{ends[0]};
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(), [&](ServerSurroundings& around) {
                       around.listeners.clear();
                       around.only_client = Fd{ends[1]};
                     }};
  sim.run_for(seconds(3000));
  EXPECT_FALSE(daemon.is_over());
  const std::string request = request_bytes(AddRequest{"example.com", "A1"});
  ASSERT_EQ(::send(client.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
}

TEST(Server, DropsUnfinishedRequestsWhenItMustLeave) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    SimClient silent(sim);
    SimClient half(sim);
    half.send(request_bytes(AddRequest{"example.com", "A1"}).substr(0, 20));
    sim.settle();
    daemon.server.leave("test");
    sim.settle();
    EXPECT_EQ(daemon.exit_status, 0);
    EXPECT_EQ(silent.received(), announcement);
    EXPECT_EQ(half.received(), announcement);
    EXPECT_FALSE(sim.files.exists(log_path));
  }
}

TEST(Server, FinishesAppendsBeforeItLeaves) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write(log_path, "");
  sim.files.lock_from_outside(log_path);
  Caller add(sim, AddRequest{"example.com", "A1"});
  sim.settle();
  daemon.server.leave("test");
  sim.settle();
  EXPECT_FALSE(daemon.is_over());
  sim.files.unlock_from_outside(log_path);
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over() && add.is_over(); }));
  EXPECT_EQ(add.answer(), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
}

TEST(Server, GoesOnAcceptingWhenOneOfTooManyClientsLeaves) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(),
                       [](ServerSurroundings& around) { around.clients_max = 3; }};
    sim.checkers.emplace_back([&] { EXPECT_LE(daemon.server.clients(), 3U); });
    std::deque<SimClient> silent;
    for (int i = 0; i < 3; ++i) silent.emplace_back(sim).wait_for(1);
    ASSERT_TRUE(sim.run_until([&] { return daemon.server.clients() == 3; }));
    std::deque<Caller> callers;
    for (std::size_t i = 0; i < 10; ++i)
      callers.emplace_back(sim, AddRequest{"example.com", numbered("A", i)});
    sim.settle();
    EXPECT_FALSE(callers.front().answer());
    silent.front().close();
    ASSERT_TRUE(sim.run_until([&] {
      return std::all_of(callers.begin(), callers.end(),
                         [](const Caller& caller) { return caller.is_over(); });
    }));
    for (const Caller& caller : callers) EXPECT_EQ(caller.answer(), Status::ok);
    sim.checkers.clear();
  }
}

TEST(Server, DrainsWhileItIsFull) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, DaemonInSim::everybody_is_welcome(),
                     [](ServerSurroundings& around) { around.clients_max = 1; }};
  SimClient first(sim);
  SimClient second(sim);
  sim.settle();
  daemon.server.drain("test");
  first.close();
  second.close();
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
}

TEST(Server, TriesAgainWhenAConnectionIsGoneBeforeItIsAccepted) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.ring.next_accept_error = ECONNABORTED;
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
}

TEST(Server, TriesAgainAfterAShortageEvenWhenNoClientIsConnected) {
  for (const int shortage : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    sim.ring.next_accept_error = shortage;
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
    EXPECT_THAT(daemon.sink.records, IsEmpty());
  }
}

TEST(Server, TriesAgainAfterAShortageWhenAClientLeaves) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient silent(sim);
  sim.settle();
  sim.ring.next_accept_error = EMFILE;
  Caller add(sim, AddRequest{"example.com", "A1"});
  sim.run_for(seconds(10));
  EXPECT_FALSE(add.is_over());
  silent.close();
  ASSERT_TRUE(sim.run_until([&] { return add.is_over(); }));
  EXPECT_EQ(add.answer(), Status::ok);
}

TEST(Server, EndsFatallyWhenItCannotAcceptAtAll) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.ring.next_accept_error = EINVAL;
  SimClient client(sim);
  ASSERT_TRUE(sim.run_until([&] { return daemon.is_over(); }));
  EXPECT_EQ(daemon.exit_status, 1);
  EXPECT_THAT(daemon.sink.records, ElementsAre("fatal: accept connection: Invalid argument"));
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

// ---- master(8).

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

// ---- Other reasons to end.

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
