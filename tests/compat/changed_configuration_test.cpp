/// Changes of the configuration with which a start would fail, and such as inotify(7) does not tell of. Only
/// of uflush: the stock daemon relies on being short-lived.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::support {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The parent of a process; 0 when it has gone.
pid_t parent_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    pid_t parent = 0;
    if (word == "PPid:" && status >> parent) return parent;
  }
  return 0;
}

constexpr std::string_view stays =
    "but a start with it would fail, so this process goes on with the old one: ";

/// With chroot and without.
class ConfigurationChange : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon does not notice changes";
  }
  [[nodiscard]] StandInOptions options() const { return {.chroot = GetParam()}; }
  static void expect_service(const MasterStandIn& master) {
    EXPECT_EQ(master.connect().ask(add_request("old.example", "A1")).status(), status_ok);
  }
  static void expect_exit(ChildProcess& child) {
    const std::optional<Exit> exit = child.wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->status, 0);
  }

  Spool spool{{{"fast_flush_domains", "old.example"}}};
  LogSocket log{spool.queue().path("public/postlog")};
};

TEST_P(ConfigurationChange, ThatWouldNotStartIsNamedOnceAndTheProcessStays) {
  MasterStandIn master{spool, options()};
  ChildProcess& daemon = master.spawn();
  expect_service(master);
  spool.set({{"fast_flush_domains", "old.example"}, {"max_use", "bad"}});
  ASSERT_TRUE(log.wait_for(stays));
  expect_service(master);
  EXPECT_THAT(log.take_texts(), ElementsAre(::testing::AllOf(HasSubstr(stays), HasSubstr("/main.cf, line "),
                                                             HasSubstr(": max_use = bad: "))));
  spool.set({{"fast_flush_domains", "old.example"}, {"max_use", "worse"}});
  ASSERT_TRUE(log.wait_for("worse"));
  expect_service(master);
  spool.set({{"fast_flush_domains", "old.example, new.example"}});
  expect_exit(daemon);
  EXPECT_THAT(log.take_texts(), SizeIs(1));
  master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("new.example", "A2")).status(), status_ok);
}

TEST_P(ConfigurationChange, ThatWouldNotStartDoesNotRetireAnIdleProcess) {
  MasterStandIn master{spool, options()};
  spool.set({{"fast_flush_domains", "old.example"}, {"max_idle", "1s"}});
  ChildProcess& daemon = master.spawn();
  FlushClient client = master.connect();
  EXPECT_EQ(client.read_announcement(), announcement_bytes);
  spool.set({{"fast_flush_domains", "old.example"}, {"hash_queue_depth", "0"}});
  ASSERT_TRUE(log.wait_for(stays));
  client.send(add_request("old.example", "A1"));
  EXPECT_EQ(client.read_reply_and_finish().status(), status_ok);
  EXPECT_FALSE(daemon.wait(2500ms)) << "max_idle has passed twice";
  expect_service(master);
}

TEST_P(ConfigurationChange, ThatNeedsAMissingTableIsMendedByTheTable) {
  const std::string missing = spool.config_directory() + "/later";
  MasterStandIn master{spool, options()};
  ChildProcess& daemon = master.spawn();
  expect_service(master);
  spool.set({{"fast_flush_domains", "texthash:" + missing}, {"daemon_table_open_error_is_fatal", "yes"}});
  ASSERT_TRUE(log.wait_for(stays));
  EXPECT_THAT(log.take_texts(),
              ElementsAre(HasSubstr("open database " + missing + ": No such file or directory")));
  write_file(missing, "new.example x\n");  // a name that the process has never watched
  expect_exit(daemon);
  master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("new.example", "A2")).status(), status_ok);
  EXPECT_THAT(log.texts(), IsEmpty());
}

TEST_P(ConfigurationChange, EndsTheProcessAtOnceWhenNobodyCanHoldARehearsal) {
  MasterStandIn master{spool, options()};
  ChildProcess& daemon = master.spawn();
  expect_service(master);
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(process.path().filename().c_str());
    if (pid > 0 && parent_of(pid) == daemon.pid()) ::kill(pid, SIGKILL);
  }
  ASSERT_TRUE(log.wait_for("the privileged process has gone"));
  expect_service(master);
  spool.set({{"fast_flush_domains", "old.example"}, {"max_use", "bad"}});
  expect_exit(daemon);
}

/// A file that is mounted over another one, as containers do it.
class FileMount {
 public:
  FileMount(const std::string& source, std::string target) : target_(std::move(target)) {
    mounted_ = ::mount(source.c_str(), target_.c_str(), nullptr, MS_BIND, nullptr) == 0;
  }
  FileMount(const FileMount&) = delete;
  FileMount& operator=(const FileMount&) = delete;
  ~FileMount() {
    if (mounted_) ::umount2(target_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool is_there() const noexcept { return mounted_; }

 private:
  std::string target_;
  bool mounted_ = false;
};

TEST_P(ConfigurationChange, InAFileThatIsMountedByItselfIsNoticedAtOnce) {
  const std::string main_cf = spool.config_directory() + "/main.cf";
  const TempDir elsewhere;
  std::filesystem::copy_file(main_cf, elsewhere.path("main.cf"));
  const FileMount mount{elsewhere.path("main.cf"), main_cf};
  if (!mount.is_there()) GTEST_SKIP() << "mount(2) is not allowed here";
  MasterStandIn master{spool, options()};
  ChildProcess& daemon = master.spawn();
  expect_service(master);
  write_file(elsewhere.path("main.cf"), read_file(elsewhere.path("main.cf")) + "max_idle = 99\n");
  expect_exit(daemon);
  EXPECT_THAT(log.texts(), IsEmpty());
}

// inotify does not tell of mounts: this is found by looking.
TEST_P(ConfigurationChange, ByAMountOverTheFileIsNoticedWithinSeconds) {
  const TempDir elsewhere;
  MasterStandIn master{spool, options()};
  ChildProcess& daemon = master.spawn();
  expect_service(master);
  const std::string main_cf = spool.config_directory() + "/main.cf";
  write_file(elsewhere.path("main.cf"), read_file(main_cf) + "max_idle = 99\n");
  const FileMount mount{elsewhere.path("main.cf"), main_cf};
  if (!mount.is_there()) GTEST_SKIP() << "mount(2) is not allowed here";
  expect_exit(daemon);
  EXPECT_THAT(log.texts(), IsEmpty());
}

std::string place(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "InAChroot" : "OutsideOfAChroot";
}
INSTANTIATE_TEST_SUITE_P(Places, ConfigurationChange, ::testing::Bool(), place);

}  // namespace
}  // namespace uflush::support
