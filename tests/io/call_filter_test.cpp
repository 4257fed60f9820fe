// What a process may still do under its own filter of system calls.
#include "io/call_filter.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/older_calls.hpp"
#include "io/ring_setup.hpp"
#include "io/wakeup.hpp"
#include "tests/core/in_child.hpp"

namespace uflush {
namespace {

constexpr int no_filter = 77;

/// The exit status of a child that runs `body` under the filter.
int filtered(const std::function<int()>& body, const CallNeeds& needs = {}) {
  return in_child([&] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const Result<void> done = forbid_other_calls(needs);
    if (!done) return done.error().number == ENOSYS ? no_filter : 1;
    return body();
  });
}

class CallFilterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (filtered([] { return 0; }) == no_filter) GTEST_SKIP() << "no filter on this machine or in this build";
  }
};

TEST_F(CallFilterTest, RefusesWhatADaemonAtWorkDoesNotDo) {
  EXPECT_EQ(filtered([] {
              char* const arguments[] = {nullptr};
              if (::execve("/bin/true", arguments, arguments) != -1 || errno != EPERM) return 2;
              if (::fork() != -1 || errno != EPERM) return 3;
              if (::vfork() != -1 || errno != EPERM) return 4;
              if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != -1 || errno != EPERM) return 5;
              if (::mount("none", "/nowhere", "tmpfs", 0, nullptr) != -1 || errno != EPERM) return 6;
              if (::setuid(65534) != -1 || errno != EPERM) return 7;
              if (::chroot("/") != -1 || errno != EPERM) return 8;
              if (::kill(::getpid(), 0) != -1 || errno != EPERM) return 9;
              if (::mknod("/tmp/uflush-device", 0020600, 0) != -1 || errno != EPERM) return 10;
              if (::syscall(SYS_bpf, 0, nullptr, 0) != -1 || errno != EPERM) return 11;
              if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != -1 || errno != EPERM) return 12;
              if (::symlink("/etc/passwd", "/tmp/uflush-link") != -1 || errno != EPERM) return 13;
              return std::holds_alternative<RingRefusal>(set_up_ring()) ? 0 : 14;
            }),
            0);
}

TEST_F(CallFilterTest, AllowsSocketsOfOneFamilyUnlessOthersAreNeeded) {
  EXPECT_EQ(filtered([] {
              if (::socket(AF_INET, SOCK_STREAM, 0) != -1 || errno != EPERM) return 2;
              if (::socket(AF_NETLINK, SOCK_RAW, 0) != -1 || errno != EPERM) return 3;
              const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              if (fd < 0) return 4;
              return ::listen(fd, 1) == -1 && errno == EPERM ? 0 : 5;
            }),
            0);
  EXPECT_EQ(filtered(
                [] {
                  if (::socket(AF_INET, SOCK_STREAM, 0) < 0) return 2;
                  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
                  return ::listen(fd, 1) == -1 && errno == EPERM ? 3 : 0;
                },
                {.makes_listener = true, .every_socket_family = true}),
            0);
}

TEST_F(CallFilterTest, AllowsThreadsAndWhatTheyWaitFor) {
  EXPECT_EQ(filtered([] {
              const Result<Wakeup> wakeup = Wakeup::create();
              if (!wakeup) return 2;
              try {
                std::thread other([&] { wakeup.value().signal(); });
                other.join();
              } catch (const std::system_error&) {
                return 3;
              }
              return wakeup.value().clear() ? 0 : 4;
            }),
            0);
}

TEST_F(CallFilterTest, LeavesAbortItsSignal) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (forbid_other_calls({})) std::abort();
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
}

TEST_F(CallFilterTest, TellsTheCLibraryThatThereIsNoClone3) {
  EXPECT_EQ(filtered([] { return ::syscall(SYS_clone3, nullptr, 0) == -1 && errno == ENOSYS ? 0 : 2; }), 0);
}

}  // namespace
}  // namespace uflush
