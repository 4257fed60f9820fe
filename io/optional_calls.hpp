/// System calls that an old kernel lacks or a seccomp profile refuses, and that can be done without.
///
/// Whoever makes such a call asks `may_use` first, hands the errno of a failed one to `is_refused`, and takes
/// an older call in its place when either says so. Profiles refuse with EPERM or ENOSYS, or they kill: that
/// can only be found out in a child, so `find_deadly_calls` tries them there, and only under a filter.
#pragma once

#include <cstdint>
#include <functional>

namespace uflush {

enum class OptionalCall : std::uint8_t {
  accept4,
  close_range,
  epoll_create1,
  epoll_pwait2,
  eventfd,
  fdatasync,
  getrandom,
  getsockopt,
  inotify,
  mkdirat,
  prctl,
  preadv2,
  recvfrom,
  renameat,
  sched_yield,
  signalfd,
  socketpair,
  statfs,
  unlinkat,
  uname,
  threads,  ///< what the C library calls to start a thread and to wait for one
  count_,
};

/// False when the call has been refused before, or would kill.
[[nodiscard]] bool may_use(OptionalCall call) noexcept;
/// From now on `may_use` says no.
void do_without(OptionalCall call) noexcept;
/// `error` is the errno of a failed call. True when it may mean that the call itself is refused (EPERM,
/// ENOSYS); `may_use` says no from then on.
bool is_refused(OptionalCall call, int error) noexcept;

/// This process is under a seccomp filter: calls may kill it.
[[nodiscard]] bool is_under_filter() noexcept;
/// Runs `attempt` in a forked child, which ends without cleaning up. True when it returned true; false also
/// when it was killed, or when no child could be had. Single-threaded callers only.
[[nodiscard]] bool works_in_child(const std::function<bool()>& attempt);
/// Under a filter: tries every optional call in a child, so that `may_use` says no to those that kill or are
/// refused. Otherwise it does nothing. Single-threaded callers only.
void find_deadly_calls();

}  // namespace uflush
