#include "io/kernel_file_guard.hpp"

#include <csignal>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/inotify_events.hpp"

namespace uflush {
namespace {

/// Comes with the descriptor whose lease is wanted. Such signals queue up; when the queue is full the kernel
/// sends a mere SIGIO.
int lease_signal() {
  return SIGRTMIN;
}

sigset_t guard_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, lease_signal());
  sigaddset(&signals, SIGIO);
  return signals;
}

constexpr std::uint32_t name_events = IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
/// About a directory, as itself or as an entry of another one.
constexpr std::uint32_t directory_events =
    IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED | IN_Q_OVERFLOW;

}  // namespace

void KernelFileGuard::block_signals() noexcept {
  const sigset_t signals = guard_signals();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
}

Result<int> KernelFileGuard::wanted_leases_fd() {
  if (!signals_) {
    const sigset_t signals = guard_signals();
    signals_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return last_error();
  }
  return signals_.get();
}

Result<void> KernelFileGuard::take_lease(FileHandle file) {
  if (::fcntl(file, F_SETSIG, lease_signal()) != 0 || ::fcntl(file, F_SETLEASE, F_WRLCK) != 0)
    return last_error();
  return outcome::success();
}

void KernelFileGuard::return_lease(FileHandle file) noexcept {
  ::fcntl(file, F_SETLEASE, F_UNLCK);
}

FileGuard::WantedLeases KernelFileGuard::wanted_leases() {
  WantedLeases wanted;
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
    if (signal.ssi_signo == static_cast<std::uint32_t>(lease_signal())) {
      wanted.files.push_back(signal.ssi_fd);
    } else {
      wanted.perhaps_all = true;
    }
  }
  return wanted;
}

Result<void> KernelFileGuard::watch_names(const char* directory) {
  if (!names_) {
    names_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!names_) return last_error();
  }
  if (::inotify_add_watch(names_.get(), directory, name_events | IN_ONLYDIR) < 0) return last_error();
  return outcome::success();
}

FileGuard::ChangedNames KernelFileGuard::changed_names() {
  ChangedNames changed;
  for_each_inotify_event(names_.get(), [&](int /*watch*/, std::uint32_t mask, std::string_view name) {
    if ((mask & directory_events) != 0) changed.perhaps_all = true;
    if (!name.empty()) changed.names.emplace_back(name);
  });
  return changed;
}

}  // namespace uflush
