/// Clients that ask for more than their share: of the loop, of descriptors, of patience.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"

namespace uflush::support {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::steady_clock;

class Crowd : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "one client per process";
  }

  Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool};
};

// ---- A client that does not read its answers for long

/// Says all of `text` without reading, as far as the server takes it; reads only when it does not. Then reads
/// to the end.
std::string say_all_then_read(FlushClient& client, std::string_view text) {
  std::string received;
  while (!text.empty()) {
    const ssize_t sent = ::send(client.fd(), text.data(), std::min<std::size_t>(text.size(), 65'536),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN) break;
    pollfd writable{.fd = client.fd(), .events = POLLOUT, .revents = 0};
    if (::poll(&writable, 1, 50) == 0) received += client.read_bytes(4096);
  }
  client.half_close();
  return received + client.read_to_end().bytes;
}

TEST_F(Crowd, APipeliningClientFarBehindGetsAllItsAnswers) {
  constexpr std::size_t requests = 30'000;
  master.spawn();
  FlushClient client = master.connect();
  std::string text;
  for (std::size_t i = 0; i < requests; ++i)
    text += add_request("example.com", std::string("ID").append(std::to_string(i)));
  const std::string received = say_all_then_read(client, text);
  const std::string answer = reply_bytes(status_ok);
  EXPECT_EQ(received.size(), announcement_bytes.size() + requests * answer.size());
  EXPECT_TRUE(received.ends_with(answer + answer));
  const std::vector<std::string> lines = spool.queue().log_lines("example_com");
  // The others are filler: no line straddles two pages.
  EXPECT_EQ(
      std::count_if(lines.begin(), lines.end(), [](const auto& line) { return line.starts_with("ID"); }),
      static_cast<std::ptrdiff_t>(requests));
}

// ---- Clients that come and go in a loop

/// Adds in a closed loop, in threads of their own.
class HonestClients {
 public:
  HonestClients(const MasterStandIn& master, std::size_t count) : latencies_(count) {
    for (std::size_t i = 0; i < count; ++i)
      threads_.emplace_back([this, &master, &mine = latencies_[i]] {
        while (!stop_) {
          const auto begin = steady_clock::now();
          const Reply reply = master.connect().ask(add_request("example.com", "HONEST"));
          mine.push_back(duration_cast<microseconds>(steady_clock::now() - begin));
          if (reply.status() != status_ok) ++failures_;
        }
      });
  }
  /// Waits for the requests under way. All latencies, the shortest first.
  std::vector<microseconds> finish() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    std::vector<microseconds> all;
    for (const auto& some : latencies_) all.insert(all.end(), some.begin(), some.end());
    std::sort(all.begin(), all.end());
    return all;
  }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int> failures_ = 0;
  std::vector<std::vector<microseconds>> latencies_;
  std::vector<std::thread> threads_;
};

/// Connects and closes as fast as it can.
class Flooder {
 public:
  explicit Flooder(std::string path)
      : thread_([this, to = std::move(path)] {
          while (!stop_) {
            const FlushClient gone{to};
            ++connections_;
          }
        }) {}
  Flooder(const Flooder&) = delete;
  Flooder& operator=(const Flooder&) = delete;
  ~Flooder() {
    stop_ = true;
    thread_.join();
  }
  [[nodiscard]] std::size_t connections() const { return connections_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<std::size_t> connections_ = 0;
  std::thread thread_;
};

struct Outcome {
  double per_second = 0;
  microseconds p99{};
};

Outcome measure(const MasterStandIn& master, std::size_t flooders) {
  constexpr auto length = 2s;
  std::vector<std::unique_ptr<Flooder>> flood;
  for (std::size_t i = 0; i < flooders; ++i) flood.push_back(std::make_unique<Flooder>(master.socket_path()));
  const auto begin = steady_clock::now();
  HonestClients honest(master, 16);
  std::this_thread::sleep_for(length);  // the time is what is measured
  const std::vector<microseconds> latencies = honest.finish();
  const std::chrono::duration<double> took = steady_clock::now() - begin;
  EXPECT_EQ(honest.failures(), 0);
  std::size_t connections = 0;
  for (const auto& flooder : flood) connections += flooder->connections();
  Outcome outcome;
  if (latencies.empty()) return outcome;
  outcome.per_second = static_cast<double>(latencies.size()) / took.count();
  outcome.p99 = latencies[latencies.size() * 99 / 100];
  std::cout << flooders << " flooders, " << static_cast<long>(static_cast<double>(connections) / took.count())
            << " connections/s: " << static_cast<long>(outcome.per_second) << " adds/s, p50 "
            << latencies[latencies.size() / 2].count() << " us, p99 " << outcome.p99.count() << " us, max "
            << latencies.back().count() << " us\n";
  return outcome;
}

// docs/performance.md has what a quiet machine gives; this one may be busy.
TEST_F(Crowd, WhoConnectsAndClosesInALoopDoesNotStarveOthers) {
  master.spawn();
  const Outcome alone = measure(master, 0);
  const Outcome one = measure(master, 1);
  const Outcome three = measure(master, 3);
  EXPECT_GE(one.per_second, alone.per_second / 10);
  EXPECT_GE(three.per_second, alone.per_second / 20);
  const microseconds p99_max = std::max<microseconds>(100ms, 20 * alone.p99);
  EXPECT_LE(one.p99, p99_max);
  EXPECT_LE(three.p99, p99_max);
}

// ---- More clients than descriptors

/// Sets how many descriptors a process may have, as its user: it takes less than root's rights, which root
/// may lack. False when it cannot.
bool limit_descriptors(pid_t process, rlim_t count) {
  const std::string directory = "/proc/" + std::to_string(process);
  struct stat owner {};
  rlimit limit{};
  if (::stat(directory.c_str(), &owner) != 0) return false;
  const pid_t child = ::fork();
  if (child == 0) {
    const bool changed = ::setresgid(owner.st_gid, owner.st_gid, owner.st_gid) == 0 &&
                         ::setresuid(owner.st_uid, owner.st_uid, owner.st_uid) == 0 &&
                         ::prlimit(process, RLIMIT_NOFILE, nullptr, &limit) == 0;
    limit.rlim_cur = std::min(count, limit.rlim_max);
    ::_exit(changed && ::prlimit(process, RLIMIT_NOFILE, &limit, nullptr) == 0 ? 0 : 1);
  }
  int status = -1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

TEST_F(Crowd, DescriptorsThatBecomeFreeElsewhereAreUsedThoughNoClientLeaves) {
  if (has_sanitizer) GTEST_SKIP() << "sanitizers need descriptors of their own to check types";
  const ChildProcess& child = master.spawn();
  FlushClient stays = master.connect();
  EXPECT_EQ(stays.read_announcement(), announcement_bytes);
  if (!limit_descriptors(child.pid(), 4)) GTEST_SKIP() << "the limits of the daemon cannot be changed here";
  FlushClient waits = master.connect();
  EXPECT_EQ(waits.read_announcement(600ms), "");
  ASSERT_TRUE(limit_descriptors(child.pid(), RLIM_INFINITY));
  EXPECT_EQ(waits.read_announcement(5'000ms), announcement_bytes);
  EXPECT_TRUE(stays.send(add_request("example.com", "STAYS")));
  EXPECT_EQ(stays.read_reply_and_finish().status(), status_ok);
}

}  // namespace
}  // namespace uflush::support
