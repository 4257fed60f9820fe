// One client and what it is told: every row of the reference's table, ends and pauses, many requests in one
// connection.
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using Ending = SimClient::Ending;

constexpr const char* log_path = "flush/example_com";

/// With "|" for each NUL.
std::string wire(std::string_view text) {
  std::string bytes(text);
  std::replace(bytes.begin(), bytes.end(), '|', '\0');
  return bytes;
}

/// What a client was told after the announcement.
std::string told(const SimClient& client) {
  const std::string& all = client.received();
  return all.starts_with(announcement) ? all.substr(announcement.size()) : "no announcement: " + all;
}

std::string replies(std::initializer_list<Status> statuses) {
  std::string bytes;
  for (const Status status : statuses) bytes += reply_bytes(status);
  return bytes;
}

constexpr const char* add = "request|add|site|example.com|queue_id|A1||";
constexpr const char* add_2 = "request|add|site|example.com|queue_id|B2||";

enum class Then : std::uint8_t { wait, half_close };

/// A row of BEHAVIOUR.md 2.6.
struct Row {
  std::string number;
  std::string sent;  ///< "|" for NUL
  Then then;
  std::optional<Status> reply;
  std::string warning;
  bool stored = false;
};

std::vector<Row> table() {
  const std::string from = " from flush socket (expecting: ";
  const auto half = Then::half_close;
  const auto wait = Then::wait;
  const std::optional<Status> none;
  const std::string id_256(256, 'A');
  return {
      {"1", add, wait, Status::ok, "", true},
      {"2", "request|add|queue_id|A1|site|example.com||", wait, Status::bad,
       "unexpected attribute queue_id" + from + "site)"},
      {"3", "request|add|site|example.com||", wait, Status::bad,
       "missing attribute queue_id in input from flush socket"},
      {"4", "request|add|queue_id|A1||", wait, Status::bad, "unexpected attribute queue_id" + from + "site)"},
      {"5", "request|add||", wait, Status::bad, "missing attribute site in input from flush socket"},
      {"6", "request|add|site|a.b|site|a.b|queue_id|A1||", wait, Status::bad,
       "unexpected attribute site" + from + "queue_id)"},
      {"7", "request|add|site|example.com|queue_id|A1|site|x||", wait, Status::ok,
       "unexpected attribute site" + from + "(list terminator))", true},
      {"8", "request|add|site|example.com|queue_id|A1|foo|bar||", wait, Status::ok,
       "unexpected attribute foo" + from + "(list terminator))", true},
      {"9", "request|add|site|example.com|foo|bar|queue_id|A1||", wait, Status::bad,
       "unexpected attribute foo" + from + "queue_id)"},
      {"10", "request|add|site|example.com|queue_id|A1|", half, Status::bad,
       "premature end-of-input on flush socket while reading input attribute name"},
      {"11", "request|add|site|example.com|queue_id|A1|", wait, none,
       "timeout on flush socket while reading input attribute name"},
      {"12", "request|add|site|example.com|queue_id|A1||junk", wait, Status::ok, "", true},
      {"13", "request|add|", half, Status::bad, ""},
      {"13, waiting", "request|add|", wait, none, ""},
      {"14", "request|ad", half, Status::bad,
       "unexpected end-of-input from flush socket while reading input attribute value"},
      {"14, waiting", "request|ad", wait, none,
       "unexpected end-of-input from flush socket while reading input attribute value"},
      {"15", "reque", half, Status::bad,
       "unexpected end-of-input from flush socket while reading input attribute name"},
      {"16", "reque\xff", half, Status::bad,
       "premature end-of-input on flush socket while reading input attribute name"},
      {"17a", "request|foo||", wait, none, ""},
      {"17b", "request|ADD|site|example.com|queue_id|A1||", wait, none, ""},
      {"17c", "request|||", wait, none, ""},
      {"17d", "request|refresh||", wait, none, ""},
      {"18", "foo|bar||", wait, Status::bad, "unexpected attribute foo" + from + "request)"},
      {"19", "|||", wait, Status::bad, "missing attribute request in input from flush socket"},
      {"20a", "|", wait, none, ""},
      {"20b", "||", wait, none, ""},
      {"21a", "W|", wait, Status::ok, ""},
      {"21b", "W", half, Status::ok, ""},
      {"22", "W", wait, none, ""},
      {"23a", "w|", wait, none, ""},
      {"23b", "X|", wait, none, ""},
      {"23c", "WX", half, none, ""},
      {"24", "W||", wait, Status::bad, "unexpected attribute W" + from + "request)"},
      {"27", "", half, Status::bad,
       "end-of-input while reading request from flush socket: Application error"},
      {"28", "", wait, Status::bad, "timeout while waiting for data from flush socket"},
      {"29a", "request|rfrsh|", wait, Status::ok, ""},
      {"29b", "request|rfrsh|foo|bar||", wait, Status::ok, ""},
      {"30", "request|W||", wait, Status::ok, ""},
      {"31", "request|send_site||", wait, Status::bad, "missing attribute site in input from flush socket"},
      {"32a", "request|send_file|queue_id|a/b||", wait, Status::bad, ""},
      {"32b", "request|send_file|queue_id|||", wait, Status::bad, ""},
      {"32c", "request|send_file|queue_id|\xc3\xa4||", wait, Status::bad, ""},
      {"32d", "request|send_file|queue_id|" + id_256 + "||", wait, Status::bad, ""},
      {"33", "request|send_file|queue_id|" + id_256.substr(1) + "||", wait, Status::ok, ""},
      {"34a", "request|add|site|example.com|queue_id|a-b||", wait, Status::bad, ""},
      {"34b", "request|add|site|example.com|queue_id|||", wait, Status::bad, ""},
      {"34c", "request|add|site|example.com|queue_id|A\n1||", wait, Status::bad, ""},
      {"35a", "request|add|site||queue_id|A1||", wait, Status::deny, ""},
      {"35b", "request|send_site|site|||", wait, Status::deny, ""},
  };
}

void expect_row(const Row& row, bool shaken, std::uint64_t seed) {
  SCOPED_TRACE("row " + row.number);
  Sim sim{Seed{seed}};
  if (shaken) sim.shake();
  sim.ring.faults.split_recv = 0;  // the size of the first piece matters
  DaemonInSim daemon{sim};
  SimClient client(sim);
  client.wait_for(announcement.size());
  if (!row.sent.empty()) client.send(wire(row.sent));
  if (row.then == Then::half_close) client.half_close();
  ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
  EXPECT_EQ(told(client), row.reply ? std::string(reply_bytes(*row.reply)) : std::string());
  EXPECT_EQ(client.ending(), Ending::end_of_stream);
  if (row.warning.empty()) {
    EXPECT_THAT(daemon.sink.records, IsEmpty());
  } else {
    EXPECT_THAT(daemon.sink.records, ElementsAre("warning: " + row.warning));
  }
  EXPECT_EQ(log_has(sim.files, log_path, "A1"), row.stored);
  EXPECT_EQ(sim.files.names("flush").size(), row.stored ? 1U : 0U);
}

TEST(Connection, AnswersEveryRowOfTheTable) {
  for (const Row& row : table()) expect_row(row, false, 1);
}

TEST(Connection, AnswersEveryRowOfTheTableWhateverTheOrderOfEvents) {
  for (std::uint64_t seed = 0; seed < 15; ++seed)
    for (const Row& row : table()) expect_row(row, true, seed);
}

TEST(Connection, ActsOnARequestThatComesBeforeTheAnnouncement) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  }
}

TEST(Connection, ActsOnARequestWhoseClientLeftBeforeTheAnnouncement) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    sim.ring.faults.split_recv = 0;
    DaemonInSim daemon{sim};
    SimClient client(sim);
    client.send(wire(add)).close();
    ASSERT_TRUE(sim.run_until([&] { return client.is_over() && sim.files.exists(log_path); }));
    sim.settle();
    EXPECT_EQ(sim.files.read(log_path), "A1\n");
    EXPECT_EQ(daemon.server.clients(), 0U);
    EXPECT_THAT(daemon.sink.records, IsEmpty());
  }
}

TEST(Connection, ReadsARequestThatDripsInByteByByte) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    SimClient client(sim);
    const std::string bytes = wire(add);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      client.send(bytes.substr(i, 1));
      sim.run_for(seconds(3000));  // within ipc_timeout
    }
    ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
    EXPECT_EQ(told(client), replies({Status::ok}));
    EXPECT_EQ(sim.files.read(log_path), "A1\n");
  }
}

TEST(Connection, TakesAListWhoseFirstPieceWasShort) {
  for (const std::size_t first : {1U, 2U, 3U}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    SimClient client(sim);
    client.send(wire(add).substr(0, first));
    sim.settle();
    client.send(wire(add).substr(first));
    ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
    EXPECT_EQ(told(client), replies({Status::ok}));
  }
}

TEST(Connection, GivesUpAfterIpcTimeoutToTheSecond) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.ipc_timeout = seconds(30);
  DaemonInSim daemon{sim, config};
  SimClient client(sim);
  client.send(wire("request|add|site|exa"));
  sim.settle();
  sim.run_for(seconds(29));
  EXPECT_FALSE(client.is_over());
  sim.run_for(seconds(2));
  EXPECT_EQ(client.ending(), Ending::end_of_stream);
  EXPECT_EQ(told(client), "");
}

TEST(Connection, ReadsARequestOfHundredsOfKilobytes) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient client(sim);
  const std::string site(600 * 1024, 'a');
  client.send(wire("request|add|site|" + site + "|queue_id|A1||"));
  ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
  EXPECT_EQ(told(client), replies({Status::deny}));
}

TEST(Connection, RefusesARequestOfMoreThanAMegabyte) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  SimClient client(sim);
  client.send(wire("request|add|site|") + std::string(2 * 1024 * 1024, 'a'));
  ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
  EXPECT_EQ(told(client), replies({Status::bad}));
  EXPECT_THAT(daemon.sink.records, ElementsAre("warning: request from flush socket is too long"));
}

TEST(Connection, CanDoWithoutAnAnnouncement) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.uflush_announcement = false;
  DaemonInSim daemon{sim, config};
  EXPECT_EQ(sim.exchange("public/flush", wire(add)), replies({Status::ok}));
}

TEST(Connection, TellsOfItsLifeWhenItIsVerbose) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  daemon.log.set_verbose(1);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  const std::vector<std::string> told = {
      "connection established",
      "send attr protocol = queue_flush_protocol",
      "flush socket: wanted attribute: request",
      "input attribute name: request",
      "input attribute value: add",
      "flush socket: wanted attribute: site",
      "input attribute name: site",
      "input attribute value: example.com",
      "flush socket: wanted attribute: queue_id",
      "input attribute name: queue_id",
      "input attribute value: A1",
      "flush socket: wanted attribute: (list terminator)",
      "input attribute name: (end)",
      "flush_add_service: site example.com queue_id A1",
      "site example.com to path example_com",
      "send attr status = 0",
      "connection closed",
  };
  EXPECT_EQ(daemon.sink.records, told);
}

// ---- Many requests in one connection.

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
    ASSERT_TRUE(sim.run_until([&] {
      return std::all_of(clients.begin(), clients.end(),
                         [](const SimClient& client) { return client.is_over(); });
    }));
  }
}

TEST(Connection, CostsLittleWhileManyAreIdle) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  std::deque<SimClient> idle;
  for (std::size_t i = 0; i < 500; ++i) {
    idle.emplace_back(sim);
    if (i % 50 == 49) sim.settle();  // within the backlog
  }
  sim.settle();
  EXPECT_EQ(daemon.server.clients(), 500U);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  for (const SimClient& client : idle) EXPECT_EQ(client.received(), announcement);
  for (SimClient& client : idle) client.close();
  sim.settle();
  EXPECT_EQ(daemon.server.clients(), 0U);
}

}  // namespace
}  // namespace uflush
