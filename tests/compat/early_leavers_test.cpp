/// Clients that write a request and go at once, many at a time on a machine that is busy: each of these
/// requests is carried out, in whatever order the daemon sees the connection, the request and its end.
#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"
#include "tests/support/wait.hpp"

namespace uflush::support {
namespace {

constexpr int client_threads = 8;

/// Threads that do nothing but use up the processor.
class Load {
 public:
  Load() {
    for (int i = 0; i < 6; ++i)
      threads_.emplace_back([this] {
        while (!ends_) ++work_;
      });
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() {
    ends_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> ends_ = false;
  std::atomic<unsigned> work_ = 0;
  std::vector<std::thread> threads_;
};

std::string numbered(std::string_view text, int number) {
  return std::string(text).append(std::to_string(number));
}

class EarlyLeavers : public ::testing::Test {
 protected:
  void SetUp() override { master.supervise(1); }

  /// Sends `request` and closes: before the announcement or behind it, in one piece or in several.
  void say_and_go(const std::string& request, int manner) const {
    FlushClient client = master.connect();
    if (manner % 2 == 1) client.read_announcement();
    const std::size_t cut = manner % 3 == 0 ? request.size() : 5 + static_cast<std::size_t>(manner) % 7;
    client.send(std::string_view(request).substr(0, cut));
    if (cut < request.size()) client.send(std::string_view(request).substr(cut));
  }

  /// `count` clients, `client_threads` at a time.
  template <typename RequestOf>
  void let_many_go(int count, RequestOf request_of) const {
    std::vector<std::thread> threads;
    for (int first = 0; first < client_threads; ++first)
      threads.emplace_back([&, first] {
        for (int i = first; i < count; i += client_threads) say_and_go(request_of(i), i);
      });
    for (std::thread& thread : threads) thread.join();
  }

  Load load;
  Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
  QmgrSocket qmgr{spool.queue().path("public/qmgr"), QmgrSocket::Kind::stream};
  MasterStandIn master{spool, {.arguments = {"-m", "1000000", "-o", "max_idle=1h"}}};
};

TEST_F(EarlyLeavers, LoseNoAdd) {
  constexpr std::size_t clients = 4000;
  let_many_go(clients, [](int i) { return add_request("example.com", numbered("A", i)); });
  const auto added = [&] {
    const std::vector<std::string> lines = spool.queue().log_lines("example_com");
    return std::set<std::string>(lines.begin(), lines.end()).size();
  };
  EXPECT_TRUE(wait_until({spool.queue().path("flush")}, [&] { return added() >= clients; }));
  EXPECT_EQ(added(), clients);
}

TEST_F(EarlyLeavers, LoseNoSend) {
  constexpr int clients = 300;
  for (int i = 0; i < clients; ++i) {
    spool.queue().add_deferred(numbered("A", i));
    spool.queue().write_logfile(numbered("site", i), numbered("A", i) + "\n", 3600);
  }
  let_many_go(clients, [](int i) { return send_site_request(numbered("site", i)); });
  const auto all_moved = [&] { return spool.queue().ids_in("incoming").size() == clients; };
  EXPECT_TRUE(wait_until({spool.queue().path("incoming")}, all_moved));
}

TEST_F(EarlyLeavers, LoseNoPurgeAndNoRefresh) {
  constexpr int rounds = 60;
  for (int i = 0; i < rounds; ++i) {
    const std::string id = numbered("A", i);
    spool.queue().add_deferred(id);
    spool.queue().write_logfile("example_com", id + "\n", 24 * 3600);
    say_and_go(i % 2 == 0 ? purge_request() : refresh_request(), i / 2);
    const auto moved = [&] { return spool.queue().queue_file("incoming", id).has_value(); };
    ASSERT_TRUE(wait_until({spool.queue().path("incoming")}, moved)) << "round " << i;
    // One refresh at a time: when this one is over, the other is, and will not touch the log of the next
    // round.
    ASSERT_EQ(master.connect().ask(refresh_request()).status(), status_ok);
  }
}

}  // namespace
}  // namespace uflush::support
