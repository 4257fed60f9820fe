// The simulated world: one seed, one history; jobs and processes between each other's file calls; peers.
#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/operation.hpp"
#include "tests/sim/other_flush.hpp"
#include "tests/sim/sim.hpp"
#include "tests/sim/sim_client.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;

/// Sends back what it receives, until the peer has finished.
Task<void> echo(Loop& loop, Fd connection) {
  std::array<std::byte, 64> buffer;
  while (true) {
    auto received = co_await Operation{loop, op::Recv{connection.get(), buffer}};
    if (!received || received.value() == 0) break;
    const std::span<const std::byte> bytes(buffer.data(), received.value());
    auto sent = co_await Operation{loop, op::Send{connection.get(), bytes}};
    if (!sent || sent.value() < bytes.size()) break;
  }
  loop.ring().post_close(std::move(connection));
}

Task<void> echo_server(Loop& loop, int listener, StopToken stop) {
  Scope connections;
  Readiness readiness(loop, listener);
  while (co_await readiness.wait(stop)) {
    while (true) {
      auto connection = loop.ring().accept(listener);
      if (connection) {
        connections.spawn(echo(loop, std::move(connection.value())));
      } else if (connection.error() == Error{EAGAIN}) {
        break;
      }
    }
  }
  co_await readiness.close();
  co_await connections.join();
}

TEST(SimWorld, CarriesBytesBetweenClientsAndAServerWhateverTheSeed) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    sim.start(echo_server(sim.loop, sim.listen("public/flush"), sim.stop));
    SimClient whole(sim);
    SimClient pieces(sim);
    const std::string text(300, 'x');
    whole.send("hello").half_close();
    pieces.send_in_pieces(text).wait_for(text.size()).half_close();
    ASSERT_TRUE(sim.run_until([&] { return whole.is_over() && pieces.is_over(); }));
    EXPECT_EQ(whole.received(), "hello");
    EXPECT_EQ(pieces.received(), text);
    EXPECT_EQ(pieces.ending(), SimClient::Ending::end_of_stream);
  }
}

TEST(SimWorld, EndsEveryConnectionEvenWhenSocketsFail) {
  std::size_t broken = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake_hard();
    sim.start(echo_server(sim.loop, sim.listen("public/flush"), sim.stop));
    SimClient client(sim);
    client.send_in_pieces("0123456789").half_close();
    ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
    EXPECT_TRUE(std::string("0123456789").starts_with(client.received()));
    if (client.received().size() < 10) ++broken;
  }
  EXPECT_GT(broken, 0U);
  EXPECT_LT(broken, 150U);
}

/// Two jobs and a foreign process append to one log; the order tells who came between whom.
std::string history(Seed seed) {
  Sim sim{seed};
  sim.files.write("log", "");
  OtherFlush other(sim);
  const auto append_twice = [](Sim& in, char letter) -> Task<void> {
    auto job = [&in, letter] {
      FileSystem& files = in.files;
      auto log = files.open(current_directory, "log", FileSystem::Open::append_create);
      for (int i = 0; i < 2; ++i) FLUSH_ASSERT(files.write(log.value().handle(), {&letter, 1}).has_value());
      return true;
    };
    co_await in_pool(in.pool, job);
  };
  sim.start(append_twice(sim, 'a'));
  sim.start(append_twice(sim, 'b'));
  other.add("log", "o");
  EXPECT_TRUE(sim.run_to_the_end());
  return sim.files.read("log");
}

TEST(SimWorld, LetsJobsAndProcessesActBetweenEachOthersFileCalls) {
  std::vector<std::string> histories;
  for (std::uint64_t seed = 0; seed < 100; ++seed) histories.push_back(history(Seed{seed}));
  EXPECT_THAT(histories, testing::Contains("aabbo\n"));
  EXPECT_THAT(histories, testing::Contains("ababo\n"));
  EXPECT_THAT(histories, testing::Contains("o\nbbaa"));
  EXPECT_THAT(histories, testing::Contains(testing::StartsWith("abo\n")));
}

TEST(SimWorld, RepeatsItselfForTheSameSeed) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(history(Seed{seed}), history(Seed{seed}));
}

TEST(SimWorld, ParksAJobUntilTheLockItWaitsForIsFree) {
  Sim sim{Seed{3}};
  sim.files.write("log", "");
  sim.files.lock_from_outside("log");
  bool locked = false;
  const auto lock_log = [](Sim& in, bool& done) -> Task<void> {
    auto job = [&in] {
      auto log = in.files.open(current_directory, "log", FileSystem::Open::append_create);
      return in.files.lock(log.value().handle(), FileSystem::Lock::wait).has_value();
    };
    done = co_await in_pool(in.pool, job);
  };
  sim.start(lock_log(sim, locked));
  EXPECT_FALSE(sim.run_to_the_end());  // nothing can happen until the test says so
  EXPECT_FALSE(locked);
  sim.files.unlock_from_outside("log");
  EXPECT_TRUE(sim.run_to_the_end());
  EXPECT_TRUE(locked);
}

TEST(SimWorld, LetsTimePassOnlyWhenNothingElseCanHappen) {
  Sim sim{Seed{4}};
  bool woke = false;
  const auto sleeper = [](Loop& loop, bool& done) -> Task<void> {
    done = co_await Sleep{loop, loop.now() + seconds(100)};
  };
  sim.start(sleeper(sim.loop, woke));
  const Instant begin = sim.clock.now();
  sim.settle();
  EXPECT_EQ(sim.clock.now(), begin);
  sim.run_for(seconds(40));
  EXPECT_EQ(sim.clock.now(), begin + seconds(40));
  EXPECT_FALSE(woke);
  EXPECT_TRUE(sim.run_until([&] { return woke; }));
  EXPECT_EQ(sim.clock.now(), begin + seconds(100));
}

TEST(SimWorld, CallsTheActionsOfTheTestAtTheirMoments) {
  Sim sim{Seed{5}};
  std::string calls;
  sim.after(seconds(2), [&] { calls += "2"; });
  sim.after(seconds(1), [&] { calls += "1"; });
  sim.run_for(seconds(1));
  EXPECT_EQ(calls, "1");
  sim.run_for(seconds(1));
  EXPECT_EQ(calls, "12");
}

Task<void> trigger(Sim& sim, std::string_view bytes) {
  auto socket = sim.ring.unix_socket();
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = "public/qmgr"};
  auto connected = co_await Operation{sim.loop, op::Connect{socket.value().get(), &address}};
  if (!connected) co_return;
  const std::span<const std::byte> out = std::as_bytes(std::span(bytes));
  (void)co_await Operation{sim.loop, op::Send{socket.value().get(), out}};
  std::array<std::byte, 1> end;
  (void)co_await Operation{sim.loop, op::Recv{socket.value().get(), end}};
}

TEST(SimQueueManager, CollectsTriggersFromItsSocket) {
  Sim sim{Seed{6}};
  const std::string_view first("F\0", 2);
  const std::string_view second("I\0", 2);
  sim.start(trigger(sim, first));
  EXPECT_TRUE(sim.run_to_the_end());
  sim.start(trigger(sim, second));
  EXPECT_TRUE(sim.run_to_the_end());
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
  EXPECT_EQ(sim.qmgr.connections(), 0U);
}

TEST(SimQueueManager, CollectsTriggersFromItsFifo) {
  Sim sim{Seed{6}};
  sim.qmgr.use_fifo();
  auto fifo = sim.files.open(current_directory, "public/qmgr", FileSystem::Open::write_nonblocking);
  ASSERT_TRUE(fifo.has_value());
  FileSystem& files = sim.files;
  EXPECT_TRUE(files.write(fifo.value().handle(), std::string_view("I")).has_value());
  EXPECT_EQ(sim.qmgr.triggers(), "I");
}

TEST(SimClient, IsRefusedWhereNobodyListens) {
  Sim sim{Seed{7}};
  sim.qmgr.stop_listening();
  SimClient client(sim, "public/qmgr");
  EXPECT_TRUE(sim.run_until([&] { return client.is_over(); }));
  EXPECT_EQ(client.ending(), SimClient::Ending::refused);
}

TEST(OtherFlush, LosesNoLineToAnotherOfItsKind) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Sim sim{Seed{seed}};
    sim.files.write("log", "1\n2\n");
    OtherFlush adds(sim);
    OtherFlush sends(sim);
    adds.add("log", "3");
    sends.send("log");
    adds.add("log", "4");
    ASSERT_TRUE(sim.run_to_the_end());
    std::string seen;
    for (const std::string& id : sends.handled()) seen += id + "\n";
    seen += sim.files.read("log");
    EXPECT_THAT((std::vector<std::string>{"1\n2\n3\n4\n", "1\n2\n4\n3\n"}), testing::Contains(seen));
  }
}

}  // namespace
}  // namespace uflush
