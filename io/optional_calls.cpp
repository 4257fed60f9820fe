#include "io/optional_calls.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/fd.hpp"

namespace uflush {
namespace {

/// For an attempt that does not come to an end, as that of a thread which cannot exit(2).
constexpr unsigned attempt_seconds_max = 2;

constexpr auto call_count = static_cast<std::size_t>(OptionalCall::count_);
static_assert(call_count <= 32);

/// One bit for each call that is not to be made. Threads of the pools read it.
std::atomic<std::uint32_t> refused_calls = 0;

std::uint32_t bit(OptionalCall call) noexcept {
  return std::uint32_t{1} << static_cast<unsigned>(call);
}

bool means_refused(int error) noexcept {
  return error == EPERM || error == ENOSYS;
}

/// For a call with arguments that make it fail, but for another reason.
bool was_made(long answer) noexcept {
  return answer >= 0 || !means_refused(errno);
}

bool inotify_works() noexcept {
  const int fd = ::inotify_init1(IN_CLOEXEC);
  return was_made(fd) && was_made(::inotify_add_watch(fd, ".", IN_DELETE_SELF));
}

/// A thread that has something to wait for, and somebody who waits for it.
bool threads_work() {
  std::mutex mutex;
  std::condition_variable changed;
  int steps = 0;
  const auto take_steps = [&](int first) {
    for (int wanted = first; wanted < 64; wanted += 2) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return steps == wanted; });
      ++steps;
      changed.notify_one();
    }
  };
  try {
    std::thread other(take_steps, 1);
    take_steps(0);
    other.join();
  } catch (const std::system_error&) {  // refused, and not deadly: whoever starts threads copes with that
  }
  return true;
}

bool signalfd_works() noexcept {
  sigset_t none;
  sigemptyset(&none);
  return was_made(::signalfd(-1, &none, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// Makes the call, in a child. False when it is refused.
bool try_call(OptionalCall call) {
  switch (call) {
    case OptionalCall::accept4:
      return was_made(::accept4(-1, nullptr, nullptr, SOCK_CLOEXEC));
    case OptionalCall::close_range:
      return was_made(::close_range(~0U, ~0U, 0));
    case OptionalCall::epoll_create1:
      return was_made(::epoll_create1(EPOLL_CLOEXEC));
    case OptionalCall::epoll_pwait2: {
      epoll_event event{};
      return was_made(::syscall(SYS_epoll_pwait2, -1, &event, 1, nullptr, nullptr, 0));
    }
    case OptionalCall::eventfd:
      return was_made(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    case OptionalCall::fdatasync:
      return was_made(::fdatasync(-1));
    case OptionalCall::getrandom: {
      char byte = 0;
      return was_made(::getrandom(&byte, sizeof byte, GRND_INSECURE));
    }
    case OptionalCall::getsockopt: {
      int value = 0;
      socklen_t size = sizeof value;
      return was_made(::getsockopt(-1, SOL_SOCKET, SO_ACCEPTCONN, &value, &size));
    }
    case OptionalCall::inotify:
      return inotify_works();
    case OptionalCall::mkdirat:
      return was_made(::mkdirat(-1, "none", 0700));
    case OptionalCall::prctl:
      return was_made(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    case OptionalCall::preadv2:
      return was_made(::preadv2(-1, nullptr, 0, 0, RWF_NOWAIT));
    case OptionalCall::recvfrom:
      return was_made(::recv(-1, nullptr, 0, MSG_DONTWAIT));
    case OptionalCall::renameat:
      return was_made(::renameat(-1, "none", -1, "none"));
    case OptionalCall::sched_yield:
      return was_made(::sched_yield());
    case OptionalCall::signalfd:
      return signalfd_works();
    case OptionalCall::socketpair: {
      std::array<int, 2> ends{};
      return was_made(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()));
    }
    case OptionalCall::statfs: {
      struct statfs found {};
      return was_made(::statfs(".", &found));
    }
    case OptionalCall::unlinkat:
      return was_made(::unlinkat(-1, "none", 0));
    case OptionalCall::uname: {
      utsname found{};
      return was_made(::uname(&found));
    }
    case OptionalCall::threads:
      return threads_work();
    case OptionalCall::count_:
      break;
  }
  return true;
}

bool every_call_works() {
  for (std::size_t i = 0; i < call_count; ++i)
    if (!try_call(static_cast<OptionalCall>(i))) return false;
  return true;
}

/// Without prctl(2), which may be one of the deadly calls. True when it cannot be known.
bool status_shows_filter() noexcept {
  const Fd status(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  if (!status) return true;
  std::array<char, 4096> text;
  const ssize_t count = ::read(status.get(), text.data(), text.size());
  const std::string_view all(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  constexpr std::string_view label = "\nSeccomp:\t";
  const std::size_t at = all.find(label);
  return at != std::string_view::npos && all.substr(at + label.size(), 1) != "0";
}

}  // namespace

bool may_use(OptionalCall call) noexcept {
  return (refused_calls.load(std::memory_order_relaxed) & bit(call)) == 0;
}

void do_without(OptionalCall call) noexcept {
  refused_calls.fetch_or(bit(call), std::memory_order_relaxed);
}

bool is_refused(OptionalCall call, int error) noexcept {
  if (!means_refused(error)) return false;
  do_without(call);
  return true;
}

bool is_under_filter() noexcept {
  return !may_use(OptionalCall::prctl) || ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0;
}

bool works_in_child(const std::function<bool()>& attempt) {
  const pid_t child = ::fork();
  if (child < 0) return true;  // whoever refuses a child with an error will hardly kill for other calls
  if (child == 0) {
    const rlimit no_core{};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::alarm(attempt_seconds_max);
    ::_exit(attempt() ? 0 : 1);
  }
  int status = 0;
  pid_t ended = -1;
  do {
    ended = ::waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  return ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void find_deadly_calls() {
  if (!status_shows_filter() || works_in_child(every_call_works)) return;
  for (std::size_t i = 0; i < call_count; ++i) {
    const auto call = static_cast<OptionalCall>(i);
    if (!works_in_child([call] { return try_call(call); })) do_without(call);
  }
}

}  // namespace uflush
