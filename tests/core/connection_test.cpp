// One client and what it is told: every row of the reference's table, ends and pauses.
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/wire_text.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Ending = SimClient::Ending;

constexpr const char* log_path = "flush/example_com";

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
