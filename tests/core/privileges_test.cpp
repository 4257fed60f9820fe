#include "core/privileges.hpp"

#include <array>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/core/in_child.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

constexpr uid_t nobody = 65534;

/// Exit status of a child: 0 when the drop fails with exactly this text.
int fails_with(const PrivilegeDrop& drop, const std::string& text) {
  const OrFatal<void> outcome = drop_privileges(drop);
  if (outcome) return 1;
  if (outcome.error().text == text) return 0;
  std::fprintf(stderr, "got: %s\n", outcome.error().text.c_str());
  return 2;
}

class Privileges : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to have something to drop";
    if (::getpwnam("nobody") == nullptr) GTEST_SKIP() << "needs the account nobody";
  }
};

TEST_F(Privileges, BecomesTheUserWithHisGroupsOnly) {
  const gid_t gid = ::getpwnam("nobody")->pw_gid;
  EXPECT_EQ(in_child([gid] {
              if (!drop_privileges({"nobody", {}})) return 1;
              std::array<gid_t, 16> groups{};
              const int count = ::getgroups(groups.size(), groups.data());
              for (int i = 0; i < count; ++i)
                if (groups.at(static_cast<std::size_t>(i)) == 0) return 2;
              if (::getuid() != nobody || ::geteuid() != nobody || ::getgid() != gid) return 3;
              return ::setuid(0) == 0 ? 4 : 0;
            }),
            0);
}

TEST_F(Privileges, EntersTheChrootWithTheUserLookedUpOutside) {
  support::TempDir directory;
  directory.write("inside", "");
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  EXPECT_EQ(in_child([&] {
              if (!drop_privileges({"nobody", directory.path()})) return 1;
              if (::access("/inside", F_OK) != 0 || ::access("inside", F_OK) != 0) return 2;
              return ::geteuid() == nobody ? 0 : 3;
            }),
            0);
}

TEST_F(Privileges, RunsNoProgramThatCouldGainPrivilegesEvenWithNothingToDrop) {
  EXPECT_EQ(in_child([] {
              if (!drop_privileges({})) return 1;
              return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
            }),
            0);
}

TEST_F(Privileges, SaysWhatFailedInTheWordsOfTheReference) {
  EXPECT_EQ(in_child([] { return fails_with({"no-such-user", {}}, "unknown user: no-such-user"); }), 0);
  EXPECT_EQ(in_child([] {
              return fails_with({{}, "/no/such/dir"}, "chroot(/no/such/dir): No such file or directory");
            }),
            0);
}

TEST_F(Privileges, NeedsRootForEachStep) {
  const passwd account = *::getpwnam("nobody");
  const auto become = [](uid_t uid, gid_t gid) {
    return ::setgroups(0, nullptr) == 0 && ::setgid(gid) == 0 && ::setuid(uid) == 0;
  };
  EXPECT_EQ(in_child([&] {
              if (!become(1, 1)) return 99;
              return fails_with({"nobody", {}},
                                "setgid(" + std::to_string(account.pw_gid) + "): Operation not permitted");
            }),
            0);
  EXPECT_EQ(in_child([&] {
              if (!become(account.pw_uid, account.pw_gid)) return 99;
              return fails_with({"nobody", {}}, "initgroups: Operation not permitted");
            }),
            0);
  EXPECT_EQ(in_child([&] {
              if (!become(1, 1)) return 99;
              return fails_with({{}, "/"}, "chroot(/): Operation not permitted");
            }),
            0);
}

TEST(CloseUnusedDescriptors, KeepsTheStatusChannelAndTheSocketsAndNothingElse) {
  EXPECT_EQ(in_child([] {
              for (int fd = 3; fd <= 12; ++fd)
                if (::dup2(STDIN_FILENO, fd) != fd) return 99;
              close_unused_descriptors(2);
              for (int fd = 0; fd <= 12; ++fd) {
                const bool is_open = ::fcntl(fd, F_GETFD) >= 0;
                const bool wanted = fd <= 2 || (fd >= 5 && fd <= 7);
                if (is_open != wanted) return fd + 1;
              }
              return 0;
            }),
            0);
}

TEST(CloseUnusedDescriptors, DoesNotLeakTheRestIntoOtherPrograms) {
  EXPECT_EQ(in_child([] {
              for (int fd = 5; fd <= 6; ++fd)
                if (::dup2(STDIN_FILENO, fd) != fd) return 99;
              close_unused_descriptors(1);
              for (int fd = 5; fd <= 6; ++fd)
                if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) return fd;
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace uflush
