// What takes the place of system calls that are refused, and how it is found out that one would kill.
#include "io/optional_calls.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/older_calls.hpp"
#include "io/wakeup.hpp"
#include "tests/core/in_child.hpp"
#include "tests/support/seccomp.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush {
namespace {

using support::CallFilter;
using support::Refusal;

/// Runs `body` in a child where `number` is refused in one way, and then in the other.
template <typename Body>
void expect_zero_without(int number, const Body& body) {
  for (const int error : {EPERM, ENOSYS})
    EXPECT_EQ(in_child([&] { return support::forbid_call(number, error) ? body() : 1; }), 0) << error;
}

bool is_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) == 1;
}

TEST(OptionalCalls, AreNotMadeAgainOnceTheyAreRefused) {
  EXPECT_EQ(in_child([] {
              if (is_refused(OptionalCall::eventfd, EMFILE) || !may_use(OptionalCall::eventfd)) return 1;
              if (!is_refused(OptionalCall::eventfd, ENOSYS) || may_use(OptionalCall::eventfd)) return 2;
              return may_use(OptionalCall::signalfd) ? 0 : 3;
            }),
            0);
}

TEST(OptionalCalls, ThatKillAreFoundInAChild) {
  EXPECT_EQ(in_child([] {
              if (!CallFilter::refusing({SYS_eventfd2, SYS_accept4}, Refusal::kill()).install()) return 1;
              find_deadly_calls();
              if (may_use(OptionalCall::eventfd) || may_use(OptionalCall::accept4)) return 2;
              return may_use(OptionalCall::signalfd) && may_use(OptionalCall::threads) ? 0 : 3;
            }),
            0);
}

TEST(OptionalCalls, AreAllMadeWithoutAFilter) {
  EXPECT_EQ(in_child([] {
              find_deadly_calls();
              return may_use(OptionalCall::eventfd) ? 0 : 1;
            }),
            0);
}

TEST(OlderCalls, AcceptClients) {
  const support::TempDir scratch;
  const support::OwnedFd listener = support::bind_unix_socket(scratch.path("socket"), SOCK_STREAM);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  expect_zero_without(SYS_accept4, [&] {
    const Fd client(::socket(AF_UNIX, SOCK_STREAM, 0));
    const sockaddr_un address = support::unix_address(scratch.path("socket"));
    if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 3;
    const Result<Fd> accepted = accept_from(listener.get());
    return accepted && ::fcntl(accepted.value().get(), F_GETFD) == FD_CLOEXEC ? 0 : 2;
  });
}

TEST(OlderCalls, ReceiveWithoutWaiting) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  expect_zero_without(SYS_recvfrom, [&] {
    std::array<std::byte, 8> bytes{};
    const Result<std::size_t> nothing = receive_now(ends[0], bytes);
    if (nothing || nothing.error().number != EAGAIN) return 2;
    if (::write(ends[1], "abc", 3) != 3) return 3;
    const Result<std::size_t> three = receive_now(ends[0], bytes);
    return three && three.value() == 3 && bytes[2] == std::byte{'c'} ? 0 : 4;
  });
  for (const int fd : ends) ::close(fd);
}

TEST(OlderCalls, CloseDescriptors) {
  expect_zero_without(SYS_close_range, [] {
    if (::dup2(0, 100) < 0 || ::dup2(0, 200) < 0 || ::dup2(0, 300) < 0) return 2;
    close_descriptors(150, 250);
    if (::fcntl(100, F_GETFD) < 0 || ::fcntl(200, F_GETFD) >= 0 || ::fcntl(300, F_GETFD) < 0) return 3;
    close_descriptors(100, ~0U);
    return ::fcntl(100, F_GETFD) < 0 && ::fcntl(300, F_GETFD) < 0 ? 0 : 4;
  });
}

TEST(OlderCalls, WorkOnFiles) {
  const support::TempDir scratch;
  const auto work = [&] {
    if (::chdir(scratch.path().c_str()) != 0) return 2;
    if (!make_directory_at(AT_FDCWD, "d", 0700)) return 3;
    const Fd directory(::open("d", O_RDONLY | O_DIRECTORY));
    Fd file(::open("d/a", O_CREAT | O_RDWR, 0600));
    if (!sync_data(file.get())) return 4;
    if (!rename_at(directory.get(), "a", directory.get(), "b")) return 5;
    if (!rename_at(AT_FDCWD, "d/b", AT_FDCWD, "d/c")) return 6;
    if (!unlink_at(AT_FDCWD, "d/c") || ::rmdir("d") != 0) return 7;
    return 0;
  };
  for (const int number : {SYS_mkdirat, SYS_renameat, SYS_unlinkat, SYS_fdatasync})
    expect_zero_without(number, work);
}

TEST(Wakeup, WorksWithoutAnEventfd) {
  const auto signal_and_clear = [] {
    const Result<Wakeup> made = Wakeup::create();
    if (!made) return 2;
    const Wakeup& wakeup = made.value();
    if (is_readable(wakeup.fd()) || wakeup.clear()) return 3;
    for (int i = 0; i < 20'000; ++i) wakeup.signal();  // more than a pipe holds
    if (!is_readable(wakeup.fd()) || !wakeup.clear()) return 4;
    return is_readable(wakeup.fd()) || wakeup.clear() ? 5 : 0;
  };
  EXPECT_EQ(signal_and_clear(), 0);
  expect_zero_without(SYS_eventfd2, signal_and_clear);
}

}  // namespace
}  // namespace uflush
