// Eligibility that a table on disk decides: asked in a worker, one question at a time.
#include <cstdlib>
#include <deque>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/core/daemon_in_sim.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

constexpr const char* log_path = "flush/example_com";

/// A compiled table that lists example.com.
class SlowTable : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v postmap >/dev/null") != 0)
      GTEST_SKIP() << "Postfix's postmap is not installed";
    directory_.write("t", "example.com x\n");
    directory_.write("main.cf",
                     "compatibility_level = 3.6\nmyhostname = h.test\ninet_interfaces = 127.0.0.1\n");
    const timespec old[2] = {{1000000000, 0}, {1000000000, 0}};  // or postmap waits until it has cooled down
    ASSERT_EQ(::utimensat(AT_FDCWD, directory_.path("main.cf").c_str(), old, 0), 0);
    const std::string command = "postmap -c " + directory_.path("") + " hash:" + directory_.path("t");
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  Config config() const {
    Config config = DaemonInSim::everybody_is_welcome();
    config.fast_flush_domains = "hash:" + directory_.path("t");
    return config;
  }

  support::TempDir directory_;
};

TEST_F(SlowTable, DecidesForAddsAndSends) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, config()};
  ASSERT_TRUE(daemon.eligible->may_block());
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "A1"}), Status::ok);
  EXPECT_EQ(daemon.ask(AddRequest{"sub.example.com", "A1"}), Status::ok);
  EXPECT_EQ(daemon.ask(AddRequest{"example.org", "A1"}), Status::deny);
  EXPECT_EQ(daemon.ask(AddRequest{"example.com", "a-b"}), Status::bad);
  EXPECT_EQ(daemon.ask(AddRequest{"", "A1"}), Status::deny);
  EXPECT_EQ(daemon.ask(SendSiteRequest{"example.org"}), Status::deny);
  EXPECT_EQ(sim.files.read(log_path), "A1\n");
  EXPECT_EQ(daemon.ask(SendSiteRequest{"example.com"}), Status::ok);
  EXPECT_EQ(sim.files.read(log_path), "");
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
}

TEST_F(SlowTable, AnswersManyClientsAtOnce) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim, config()};
    std::deque<Caller> callers;
    for (std::size_t i = 0; i < 20; ++i) {
      const char* site = i % 2 == 0 ? "example.com" : "example.org";
      callers.emplace_back(sim, AddRequest{site, numbered("A", i)});
    }
    ASSERT_TRUE(sim.run_until([&] { return are_over(callers); }));
    for (std::size_t i = 0; i < callers.size(); ++i) {
      EXPECT_EQ(callers[i].answer(), i % 2 == 0 ? Status::ok : Status::deny);
      EXPECT_EQ(log_has(sim.files, log_path, numbered("A", i)), i % 2 == 0);
    }
  }
}

TEST_F(SlowTable, KeepsTheRepliesOfOneConnectionInOrder) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim, config()};
  SimClient client(sim);
  const std::string requests = request_bytes(AddRequest{"example.com", "A1"}) +
                               request_bytes(AddRequest{"example.org", "A2"}) +
                               request_bytes(AddRequest{"example.com", "A3"});
  client.send(requests).half_close();
  ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
  std::string expected(announcement);
  for (const Status status : {Status::ok, Status::deny, Status::ok}) expected += reply_bytes(status);
  EXPECT_EQ(client.received(), expected);
  EXPECT_EQ(sim.files.read(log_path), "A1\nA3\n");
}

}  // namespace
}  // namespace uflush
