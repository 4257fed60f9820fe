/// Logfiles that others work on at the same time, as another flush process or an operator would.
#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/owned_fd.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

namespace fs = std::filesystem;

constexpr int adders = 4;
constexpr int interferences = 40;
constexpr unsigned pause_us = 5000;
constexpr std::array<const char*, 2> sites = {"example.com", "example.org"};
constexpr std::array<const char*, 2> logs = {"example_com", "example_org"};

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  while ((count = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  return text;
}

class SharedLogs : public ::testing::Test {
 protected:
  SharedLogs() { master.supervise(); }

  /// Adds to both sites from several clients, until `interfere`, which is called with one log name after the
  /// other, has returned true often enough.
  void add_while(const std::function<bool(const std::string& log)>& interfere) {
    std::atomic<bool> over = false;
    std::vector<std::thread> threads;
    for (int adder = 0; adder < adders; ++adder) {
      threads.emplace_back([this, adder, &over] {
        for (int i = 0; !over; ++i) {
          const std::string id = "A" + std::to_string(adder) + "X" + std::to_string(i);
          const char* site = sites[static_cast<std::size_t>(i) % sites.size()];
          EXPECT_EQ(master.connect().ask(add_request(site, id)).status(), status_ok);
          ++added;
        }
      });
    }
    const auto deadline = std::chrono::steady_clock::now() + patience;
    int interfered = 0;
    for (std::size_t i = 0; interfered < interferences && std::chrono::steady_clock::now() < deadline; ++i) {
      if (interfere(logs[i % logs.size()])) ++interfered;
      ::usleep(pause_us);  // so that the daemon has the logs to itself at times
    }
    over = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(interfered, interferences);
    for (const char* name : logs) note(queue.logfile(name).value_or(""));
  }
  /// Counts IDs in what was read from a log.
  void note(const std::string& text) {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      if (const std::string line = text.substr(begin, end - begin); !is_page_filler(line)) ++seen[line];
    EXPECT_EQ(begin, text.size()) << "half a line";
  }
  std::string path(const std::string& name) const { return queue.path("flush/" + name); }

  Spool spool;
  const QueueDirectory& queue = spool.queue();
  LogSocket log{queue.path("public/postlog")};
  QmgrSocket qmgr{queue.path("public/qmgr")};
  MasterStandIn master{spool};
  std::atomic<std::size_t> added = 0;
  std::map<std::string, int> seen;  ///< IDs, and how often
};

TEST_F(SharedLogs, LoseNoLineToWhoEmptiesThemUnderTheLock) {
  add_while([&](const std::string& name) {
    const OwnedFd file(::open(path(name).c_str(), O_RDWR | O_CLOEXEC));
    if (!file.is_open()) return false;
    EXPECT_EQ(::flock(file.get(), LOCK_EX), 0);
    const std::string text = read_all(file.get());
    EXPECT_EQ(::ftruncate(file.get(), 0), 0);
    note(text);
    return !text.empty();
  });
  EXPECT_EQ(seen.size(), added);
  for (const auto& [id, times] : seen) EXPECT_EQ(times, 1) << id;
}

TEST_F(SharedLogs, LoseNoLineToWhoMovesThemAway) {
  if (testing_the_stock_daemon())
    GTEST_SKIP() << "it writes to the file that it has opened, wherever that is now";
  std::vector<std::string> moved;
  add_while([&](const std::string& name) {
    const std::string to = queue.path("moved" + std::to_string(moved.size()));
    std::error_code error;
    fs::rename(path(name), to, error);
    if (!error) moved.push_back(to);
    return !error;
  });
  for (const std::string& name : moved) {
    const OwnedFd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    note(read_all(file.get()));
  }
  EXPECT_EQ(seen.size(), added);
}

TEST_F(SharedLogs, DoNotKeepReadersWaiting) {
  add_while([&](const std::string& name) {
    const auto began = std::chrono::steady_clock::now();
    const OwnedFd file(::open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return false;
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);  // after 45 the kernel itself would intervene
    return true;
  });
  EXPECT_EQ(seen.size(), added);
}

}  // namespace
}  // namespace uflush::support
