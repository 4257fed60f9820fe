// How the daemon hears of its end, also where signalfd(2) is not to be had.
#include "tools/uflush/end_signals.hpp"

#include <cerrno>
#include <csignal>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/core/in_child.hpp"
#include "tests/support/seccomp.hpp"

namespace uflush {
namespace {

bool is_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) == 1;
}

/// 0 when both signals are heard, each once, and neither kills.
int hear_both() {
  const EndSignals signals;
  if (signals.fd() < 0 || is_readable(signals.fd()) || signals.take()) return 1;
  for (const int number : {SIGTERM, SIGINT}) {
    ::kill(::getpid(), number);
    if (!is_readable(signals.fd())) return 2;
    if (!signals.take() || signals.take()) return 3;
  }
  return 0;
}

TEST(EndSignals, AreHeard) {
  EXPECT_EQ(in_child(hear_both), 0);
}

TEST(EndSignals, AreHeardWithoutSignalfd) {
  for (const int error : {ENOSYS, EPERM, EMFILE, ENOMEM}) {
    const auto hear = [error] { return support::forbid_call(SYS_signalfd4, error) ? hear_both() : 9; };
    EXPECT_EQ(in_child(hear), 0) << error;
  }
}

// More of them than a pipe holds.
TEST(EndSignals, DoNotBlockTheHandler) {
  const auto hear = [] {
    if (!support::forbid_call(SYS_signalfd4, ENOSYS)) return 9;
    const EndSignals signals;
    for (int i = 0; i < 100'000; ++i) ::kill(::getpid(), SIGTERM);
    return signals.take() ? 0 : 1;
  };
  EXPECT_EQ(in_child(hear), 0);
}

TEST(EndSignals, KillWhereTheyCannotBeHeard) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!support::forbid_call(SYS_signalfd4, EMFILE) || !support::forbid_call(SYS_pipe2, EMFILE)) ::_exit(9);
    const EndSignals signals;
    if (signals.fd() >= 0) ::_exit(1);
    ::kill(::getpid(), SIGTERM);
    ::_exit(2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

}  // namespace
}  // namespace uflush
