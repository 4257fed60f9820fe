/// What the running daemon may do and what it holds open.
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>

#include "tests/support/private_postfix.hpp"

namespace uflush::support {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

/// /proc/PID/status, values without the blanks around them.
std::map<std::string, std::string> status_of(pid_t pid) {
  std::map<std::string, std::string> fields;
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    const std::size_t colon = line.find(':');
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    const std::size_t end = line.find_last_not_of(" \t");
    fields[line.substr(0, colon)] = start == std::string::npos ? "" : line.substr(start, end - start + 1);
  }
  return fields;
}

std::vector<unsigned> numbers(const std::string& text) {
  std::istringstream words(text);
  std::vector<unsigned> all;
  for (unsigned number = 0; words >> number;) all.push_back(number);
  return all;
}

/// Descriptor to what it refers to.
std::map<int, std::string> open_descriptors(pid_t pid) {
  std::map<int, std::string> all;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    std::error_code gone;
    all[std::atoi(entry.path().filename().c_str())] = fs::read_symlink(entry.path(), gone).string();
  }
  return all;
}

/// With chroot and without: a daemon that has served one message and is idle.
class Privileges : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    postfix.start();
    postfix.inject(eligible_one, 1);
    postfix.wait_until_settled();
    const std::vector<pid_t> pids = postfix.flush_pids();
    ASSERT_THAT(pids, ::testing::Not(IsEmpty()));
    pid = pids.front();
  }

  PrivatePostfix postfix{{.flush_chroot = GetParam()}};
  pid_t pid = -1;
};

TEST_P(Privileges, AreThoseOfTheMailOwnerInEveryRespect) {
  const MailOwner owner = mail_owner();
  std::map<std::string, std::string> status = status_of(pid);
  EXPECT_THAT(numbers(status["Uid"]), ::testing::AllOf(SizeIs(4), Each(owner.uid)));
  EXPECT_THAT(numbers(status["Gid"]), ::testing::AllOf(SizeIs(4), Each(owner.gid)));
  for (const char* capabilities : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
    EXPECT_EQ(status[capabilities], "0000000000000000") << capabilities;
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  ASSERT_GE(::getgrouplist("postfix", owner.gid, groups.data(), &count), 0);
  groups.resize(static_cast<std::size_t>(count));
  EXPECT_THAT(numbers(status["Groups"]), ::testing::UnorderedElementsAreArray(groups));
  std::error_code error;
  EXPECT_EQ(fs::read_symlink("/proc/" + std::to_string(pid) + "/root", error),
            GetParam() ? postfix.queue().path() : "/");
  EXPECT_EQ(fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", error), postfix.queue().path());
}

TEST_P(Privileges, CannotBeRegainedByRunningAnotherProgram) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "no_new_privs is a promise of uflush only";
  EXPECT_EQ(status_of(pid)["NoNewPrivs"], "1");
}

TEST_P(Privileges, LeaveNoFileOfTheConfigurationOpen) {
  for (const auto& [number, target] : open_descriptors(pid)) {
    EXPECT_EQ(target.find(postfix.config_directory()), std::string::npos) << number << " is " << target;
    EXPECT_EQ(target.find("/etc/"), std::string::npos) << number << " is " << target;
  }
}

TEST_P(Privileges, HoldOnlyDescriptorsThatTheDaemonUses) {
  if (testing_the_stock_daemon())
    GTEST_SKIP() << "the stock daemon keeps master's flow-control pipe and its lock file";
  const std::string queue = postfix.queue().path();
  for (const auto& [number, target] : open_descriptors(pid)) {
    if (number <= 2) {
      EXPECT_EQ(target, "/dev/null");
      continue;
    }
    const bool used = target.rfind("socket:", 0) == 0 || target.rfind("anon_inode:", 0) == 0 ||
                      target == queue || target.rfind(queue + "/flush", 0) == 0 ||
                      target.rfind(queue + "/deferred", 0) == 0 || target.rfind(queue + "/incoming", 0) == 0;
    EXPECT_TRUE(used) << number << " is " << target;
  }
}

std::string place(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "InAChroot" : "OutsideOfAChroot";
}
INSTANTIATE_TEST_SUITE_P(Places, Privileges, ::testing::Bool(), place);

}  // namespace
}  // namespace uflush::support
