/// Logfiles as faults leave them: half lines, files that are none, logs larger than memory.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/owned_fd.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

class OddLogs : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon does otherwise";
  }
  long long ask(const MasterStandIn& master, const std::string& request) const {
    return master.connect().ask(request).status().value_or(-1);
  }

  Spool spool;
  const QueueDirectory& queue = spool.queue();
  LogSocket log{queue.path("public/postlog")};
  QmgrSocket qmgr{queue.path("public/qmgr")};
};

/// As another process does that is killed while it writes.
void leave_half_a_line(const std::string& path, std::string_view text) {
  const OwnedFd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  ASSERT_TRUE(file.is_open());
  ASSERT_EQ(::flock(file.get(), LOCK_EX), 0);
  ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST_F(OddLogs, OfHalfALineCostNoLineThatIsAddedToTheOpenFile) {
  MasterStandIn master{spool};
  master.supervise();
  EXPECT_EQ(ask(master, add_request("example.com", "A1")), status_ok);
  leave_half_a_line(queue.path("flush/example_com"), "HAL");
  EXPECT_EQ(ask(master, add_request("example.com", "B2")), status_ok);
  EXPECT_EQ(queue.logfile("example_com"), "A1\nHAL\nB2\n");
}

/// A client that says add after add in large pieces, and counts the answers.
class Pipeline {
 public:
  Pipeline(const MasterStandIn& master, std::string prefix)
      : client_(master.connect()), prefix_(std::move(prefix)) {
    client_.read_announcement();
    talker_ = std::thread([this] { talk(); });
    listener_ = std::thread([this] { replies_ = client_.read_to_end().bytes; });
  }
  ~Pipeline() {
    if (talker_.joinable()) end();
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// When the daemon has gone: how many were answered OK.
  std::size_t end() {
    talker_.join();
    listener_.join();
    return replies_.size() / reply_bytes(status_ok).size();
  }
  [[nodiscard]] std::string id(std::size_t number) const { return prefix_ + std::to_string(number); }

 private:
  void talk() {
    for (std::size_t number = 0;;) {
      std::string piece;
      for (int i = 0; i < 2000; ++i) piece += add_request("example.com", id(number++));
      if (!client_.send(piece)) return;
    }
  }

  FlushClient client_;
  std::string prefix_;
  std::string replies_;
  std::thread talker_;
  std::thread listener_;
};

TEST_F(OddLogs, HoldWholeLinesWhenTheDaemonIsKilledWhileItWrites) {
  std::minstd_rand random(1);
  std::set<std::string> answered;
  for (int round = 0; round < 15; ++round) {
    MasterStandIn master{spool};
    ChildProcess& child = master.spawn();
    Pipeline pipeline(master, "R" + std::to_string(round) + "N");
    std::this_thread::sleep_for(std::chrono::microseconds(20'000 + random() % 20'000));
    child.signal(SIGKILL);
    child.wait();
    const std::size_t count = pipeline.end();
    for (std::size_t i = 0; i < count; ++i) answered.insert(pipeline.id(i));
    const std::string text = queue.logfile("example_com").value_or("");
    ASSERT_TRUE(text.empty() || text.back() == '\n') << text.substr(text.rfind('\n') + 1);
    // Who looks at no end of a file adds behind it.
    leave_half_a_line(queue.path("flush/example_com"), "STOCK" + std::to_string(round) + "\n");
  }
  std::istringstream lines(queue.logfile("example_com").value_or(""));
  std::set<std::string> found;
  for (std::string line; std::getline(lines, line);) found.insert(line);
  EXPECT_GT(answered.size(), 1000U);
  EXPECT_TRUE(std::includes(found.begin(), found.end(), answered.begin(), answered.end()));
  for (int round = 0; round < 15; ++round) EXPECT_EQ(found.count("STOCK" + std::to_string(round)), 1U);
}

TEST_F(OddLogs, ThatAreFifosFailTheRequestAtOnce) {
  MasterStandIn master{spool};
  ChildProcess& child = master.spawn();
  for (const uid_t owner : {mail_owner().uid, uid_t{0}}) {
    const std::string path = queue.path("flush/example_com");
    ASSERT_EQ(::mkfifo(path.c_str(), 0622), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0622), 0);
    ASSERT_EQ(::chown(path.c_str(), owner, 0), 0);
    EXPECT_EQ(ask(master, add_request("example.com", "A1")), status_fail);
    EXPECT_EQ(ask(master, send_site_request("example.com")), status_fail);
    EXPECT_EQ(ask(master, add_request("example.org", "A1")), status_ok);
    ASSERT_EQ(::unlink(path.c_str()), 0);
  }
  child.signal(SIGTERM);
  EXPECT_EQ(child.wait().value().status, 0);
}

/// Peak of a process's resident memory, in bytes.
std::size_t memory_peak(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    std::size_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

TEST_F(OddLogs, OfAnySizeAreSentInTheSameMemory) {
  if (has_sanitizer) GTEST_SKIP() << "sanitizers keep what was freed";
  constexpr std::size_t log_bytes = 80UL * 1024 * 1024;
  std::string text;
  text.reserve(log_bytes + 300);
  for (std::size_t i = 0; text.size() < log_bytes; ++i)
    text.append("4X").append(std::to_string(i)).append(240, 'z').push_back('\n');
  queue.write_logfile("example_com", text);
  MasterStandIn master{spool};
  ChildProcess& child = master.spawn();
  EXPECT_EQ(ask(master, add_request("example.org", "A1")), status_ok);
  const std::size_t before = memory_peak(child.pid());
  EXPECT_EQ(master.connect().ask(send_site_request("example.com"), std::chrono::seconds(100)).status(),
            status_ok);
  EXPECT_LT(memory_peak(child.pid()), before + 16UL * 1024 * 1024);
  EXPECT_EQ(queue.logfile("example_com"), "");
}

TEST_F(OddLogs, KeepTheLinesOfMailOnAnotherFileSystem) {
  const std::filesystem::path elsewhere = "/dev/shm/uflush_odd_logs_" + std::to_string(::getpid());
  if (!std::filesystem::exists("/dev/shm")) GTEST_SKIP() << "there is no second file system";
  std::filesystem::create_directory(elsewhere);
  std::ofstream(elsewhere / "AAA1") << "message";
  ASSERT_EQ(::chown(elsewhere.c_str(), mail_owner().uid, 0), 0);
  ASSERT_EQ(::chown((elsewhere / "AAA1").c_str(), mail_owner().uid, 0), 0);
  std::filesystem::remove_all(queue.path("deferred/A"));
  std::filesystem::create_symlink(elsewhere, queue.path("deferred/A"));
  queue.write_logfile("example_com", "AAA1\n");
  MasterStandIn master{spool};
  master.supervise();
  EXPECT_EQ(ask(master, send_site_request("example.com")), status_fail);
  EXPECT_EQ(queue.logfile("example_com"), "AAA1\n");
  EXPECT_TRUE(std::filesystem::exists(elsewhere / "AAA1"));
  std::filesystem::remove_all(elsewhere);
}

}  // namespace
}  // namespace uflush::support
