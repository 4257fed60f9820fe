// Many requests in one connection.
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/wire_text.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using Ending = SimClient::Ending;

constexpr const char* log_path = "flush/example_com";

TEST(Pipeline, AnswersAllRequestsOfOnePieceInTheirOrder) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    sim.ring.faults.split_recv = 0;
    DaemonInSim daemon{sim};
    SimClient client(sim);
    sim.files.write("flush/other_example", "C3\n");
    const std::string expected =
        replies({Status::ok, Status::bad, Status::ok, Status::deny, Status::ok, Status::ok, Status::ok});
    client
        .send(wire(std::string(add) + "request|add|site|example.com|queue_id|a-b||" +
                   "request|send_site|site|other.example||" + "request|add|site||queue_id|A1||" +
                   "request|send_file|queue_id|D4||" + "request|rfrsh||" + add_2))
        .wait_for(announcement.size() + expected.size())
        .half_close();
    ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
    EXPECT_EQ(told(client), expected);
    EXPECT_EQ(client.ending(), Ending::end_of_stream);
    EXPECT_TRUE(log_has(sim.files, log_path, "A1"));
    EXPECT_TRUE(log_has(sim.files, log_path, "B2"));
    EXPECT_THAT(daemon.sink.records, IsEmpty());
  }
}

TEST(Pipeline, WritesAllAddsOfOnePieceAtOnce) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient client(sim);
  std::string bytes;
  std::string log;
  for (std::size_t i = 0; i < 500; ++i) {
    append_request(bytes, AddRequest{"example.com", numbered("A", i)});
    log += numbered("A", i) + "\n";
  }
  client.send(bytes).wait_for(announcement.size() + 500 * reply_bytes(Status::ok).size()).half_close();
  ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
  EXPECT_EQ(client.ending(), Ending::end_of_stream);
  EXPECT_EQ(sim.files.read(log_path), log);
  EXPECT_EQ(sim.files.calls(FileCall::write), 1U);
}

TEST(Pipeline, KeepsTheConnectionOpenForLaterRequests) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    sim.ring.faults.split_recv = 0;
    DaemonInSim daemon{sim};
    SimClient client(sim);
    const std::size_t reply = reply_bytes(Status::ok).size();
    client.send(wire(std::string(add) + add_2)).wait_for(announcement.size() + 2 * reply);
    ASSERT_TRUE(sim.run_until([&] { return client.has_done_all(); }));
    sim.run_for(seconds(100));
    EXPECT_FALSE(client.is_over());
    client.send_in_pieces(wire("request|add|site|example.com|queue_id|C3||"));
    client.wait_for(announcement.size() + 3 * reply).half_close();
    ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
    EXPECT_EQ(sim.files.read(log_path), "A1\nB2\nC3\n");
    EXPECT_EQ(client.ending(), Ending::end_of_stream);
  }
}

TEST(Pipeline, ClosesAKeptOpenConnectionWithoutAWordAfterIpcTimeout) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient client(sim);
  client.send(wire(std::string(add) + add_2));
  ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
  EXPECT_EQ(told(client), replies({Status::ok, Status::ok}));
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(Pipeline, ClosesAnIdleKeptOpenConnectionWhenTheDaemonDrains) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient idle(sim);
  SimClient busy(sim);
  idle.send(wire(std::string(add) + add_2));
  busy.send(wire(std::string(add) + add_2 + "request|add|site|exa"));
  sim.settle();
  daemon.server.drain("test");
  sim.settle();
  EXPECT_EQ(idle.ending(), Ending::end_of_stream);
  EXPECT_FALSE(busy.is_over());  // its request has begun
  busy.send(wire("mple.com|queue_id|C3||"));
  ASSERT_TRUE(sim.run_until([&] { return busy.is_over() && daemon.is_over(); }));
  EXPECT_EQ(told(busy), replies({Status::ok, Status::ok, Status::ok}));
}

TEST(Pipeline, EndsSilentlyAtBytesThatMakeNoRequest) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient client(sim);
  client.send(wire(std::string(add) + add_2 + "request|foo||" + add));
  ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
  EXPECT_EQ(told(client), replies({Status::ok, Status::ok}));
  EXPECT_EQ(sim.files.read(log_path), "A1\nB2\n");
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(Pipeline, StopsForAClientThatTakesNoAnswers) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.ipc_timeout = seconds(30);
  DaemonInSim daemon{sim, config};
  SimClient client(sim);
  std::string bytes;
  for (std::size_t i = 0; i < 60000; ++i) append_request(bytes, AddRequest{"example.com", "A1"});
  client.stop_reading().send(bytes);
  ASSERT_TRUE(sim.run_until([&] { return sim.files.exists(log_path) && daemon.server.clients() == 0; }));
  EXPECT_LT(sim.files.size(log_path), 60000U * 3);
}

TEST(Pipeline, RunsNoSendForAClientThatTookNoAnswersBefore) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.write("flush/other_example", "C3\n");
  SimClient client(sim);
  client.send(wire(std::string(add) + "request|send_site|site|other.example||" + add_2));
  sim.files.before_call = [&](FileCall, const std::string&) {
    sim.ring.faults.send_error = 1;  // the connection breaks with the first answer
  };
  ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
  sim.settle();
  EXPECT_EQ(sim.files.read("flush/other_example"), "C3\n");
  EXPECT_TRUE(log_has(sim.files, log_path, "A1"));
  EXPECT_FALSE(log_has(sim.files, log_path, "B2"));
}

TEST(Pipeline, SurvivesSocketsThatBreakAtAnyMoment) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake_hard();
    DaemonInSim daemon{sim};
    std::deque<SimClient> clients;
    for (std::size_t i = 0; i < 6; ++i) {
      SimClient& client = clients.emplace_back(sim);
      client.send_in_pieces(wire(std::string(add) + add_2 + "request|send_site|site|example.com||" + add));
      if (i % 2 == 0) client.half_close();
      if (i % 3 == 0) client.close();
    }
    ASSERT_TRUE(sim.run_until([&] { return are_over(clients); }));
  }
}

}  // namespace
}  // namespace uflush
