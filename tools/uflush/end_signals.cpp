#include "tools/uflush/end_signals.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include <fcntl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/optional_calls.hpp"

namespace uflush {
namespace {

constexpr std::array<int, 2> end_signals = {SIGTERM, SIGINT};

volatile std::sig_atomic_t pipe_of_handler = -1;

void write_to_pipe(int /*signal*/) {
  const int saved = errno;
  const char byte = 0;
  [[maybe_unused]] const ssize_t written = ::write(pipe_of_handler, &byte, 1);  // a full pipe tells enough
  errno = saved;
}

void set_action(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const int signal : end_signals) ::sigaction(signal, &action, nullptr);
}

sigset_t as_set() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : end_signals) sigaddset(&set, signal);
  return set;
}

}  // namespace

EndSignals::EndSignals() {
  const sigset_t set = as_set();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  if (may_use(OptionalCall::signalfd)) readable_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!readable_) use_handler();
}

EndSignals::~EndSignals() {
  if (handlers_end_) set_action(SIG_DFL);
}

void EndSignals::use_handler() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0) {
    readable_ = Fd(ends[0]);
    handlers_end_ = Fd(ends[1]);
    pipe_of_handler = ends[1];
    set_action(write_to_pipe);
  }
  const sigset_t set = as_set();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

bool EndSignals::take() const noexcept {
  std::array<std::byte, sizeof(signalfd_siginfo)> some;  // of either kind
  return ::read(readable_.get(), some.data(), some.size()) > 0;
}

}  // namespace uflush
