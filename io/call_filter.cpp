#include "io/call_filter.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UFLUSH_HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UFLUSH_HAS_SANITIZER 1
#endif
#endif

namespace uflush {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t this_machine = 0;
#endif

#ifdef UFLUSH_HAS_SANITIZER
constexpr bool is_available = false;
#else
constexpr bool is_available = this_machine != 0;
#endif

/// What the daemon, the C library and the allocator call between start and end.
constexpr int allowed_calls[] = {
    // Memory.
    SYS_brk,
    SYS_madvise,
    SYS_mmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_munmap,
    // Files.
    SYS_close,
    SYS_close_range,
    SYS_copy_file_range,
    SYS_dup,
    SYS_dup3,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fcntl,
    SYS_fdatasync,
    SYS_flock,
    SYS_fstat,
    SYS_fstatfs,
    SYS_fsync,
    SYS_ftruncate,
    SYS_getcwd,
    SYS_getdents64,
    SYS_ioctl,
    SYS_lseek,
    SYS_mkdirat,
    SYS_newfstatat,
    SYS_openat,
    SYS_pread64,
    SYS_preadv,
    SYS_preadv2,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_read,
    SYS_readlinkat,
    SYS_readv,
    SYS_renameat,
    SYS_renameat2,
    SYS_statfs,
    SYS_statx,
    SYS_sync_file_range,
    SYS_umask,
    SYS_unlinkat,
    SYS_utimensat,
    SYS_write,
    SYS_writev,
    // Sockets; socket(2) itself is looked at.
    SYS_accept,
    SYS_accept4,
    SYS_connect,
    SYS_getpeername,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_sendto,
    SYS_setsockopt,
    SYS_shutdown,
    SYS_socketpair,
    // Waiting.
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_eventfd2,
    SYS_inotify_add_watch,
    SYS_inotify_init1,
    SYS_inotify_rm_watch,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_pipe2,
    SYS_ppoll,
    SYS_pselect6,
    SYS_signalfd4,
    // Signals and timers.
    SYS_restart_syscall,
    SYS_rt_sigaction,
    SYS_rt_sigpending,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_setitimer,
    SYS_sigaltstack,
    SYS_tgkill,
    // Threads; clone(2) is looked at.
    SYS_exit,
    SYS_exit_group,
    SYS_futex,
    SYS_get_robust_list,
    SYS_gettid,
    SYS_membarrier,
    SYS_rseq,
    SYS_sched_getaffinity,
    SYS_sched_yield,
    SYS_set_robust_list,
    SYS_set_tid_address,
    // Time.
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_gettimeofday,
    SYS_nanosleep,
    // What one is, and what one has.
    SYS_getcpu,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getgroups,
    SYS_getpid,
    SYS_getppid,
    SYS_getrandom,
    SYS_getresgid,
    SYS_getresuid,
    SYS_getrusage,
    SYS_getuid,
    SYS_prlimit64,
    SYS_sysinfo,
    SYS_uname,
    SYS_wait4,
    SYS_waitid,
#if defined(__x86_64__)
    // Older forms of the same, which newer machines do without.
    SYS_access,
    SYS_alarm,
    SYS_arch_prctl,
    SYS_chmod,
    SYS_dup2,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_eventfd,
    SYS_getdents,
    SYS_getrlimit,
    SYS_inotify_init,
    SYS_lstat,
    SYS_mkdir,
    SYS_open,
    SYS_pipe,
    SYS_poll,
    SYS_readlink,
    SYS_rename,
    SYS_select,
    SYS_signalfd,
    SYS_stat,
    SYS_time,
    SYS_unlink,
    SYS_utimes,
#endif
};

constexpr int calls_of_a_listener[] = {SYS_bind, SYS_listen};

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr std::uint32_t refused_with(int error) noexcept {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

/// The calls as few ranges of numbers, sorted.
std::vector<Range> allowed_ranges(const CallNeeds& needs) {
  std::vector<int> numbers(std::begin(allowed_calls), std::end(allowed_calls));
  if (needs.makes_listener)
    numbers.insert(numbers.end(), std::begin(calls_of_a_listener), std::end(calls_of_a_listener));
  if (needs.every_socket_family) numbers.push_back(SYS_socket);
  std::sort(numbers.begin(), numbers.end());
  std::vector<Range> ranges;
  for (const int signed_number : numbers) {
    const auto number = static_cast<std::uint32_t>(signed_number);
    if (!ranges.empty() && number <= ranges.back().last + 1) {
      ranges.back().last = number;
    } else {
      ranges.push_back({number, number});
    }
  }
  return ranges;
}

/// A program of seccomp's kind. It looks at the number of a call only, but for two calls: so the kernel knows
/// the answer for most of them without running it (since Linux 5.11).
class Program {
 public:
  explicit Program(const CallNeeds& needs) {
    load(offsetof(seccomp_data, arch));
    unless_equal(this_machine, {answer(refused_with(EPERM))});
    load(offsetof(seccomp_data, nr));
    if_equal(SYS_clone3, {answer(refused_with(ENOSYS))});
    if_equal(SYS_clone, {argument(0), jump(BPF_JSET, CLONE_THREAD, 0, 1), answer(SECCOMP_RET_ALLOW),
                         answer(refused_with(EPERM))});
    if (!needs.every_socket_family)
      if_equal(SYS_socket, {argument(0), jump(BPF_JEQ, AF_UNIX, 0, 1), answer(SECCOMP_RET_ALLOW),
                            answer(refused_with(EPERM))});
    append(search(allowed_ranges(needs)));
  }

  [[nodiscard]] sock_fprog as_argument() noexcept {
    return {.len = static_cast<unsigned short>(code_.size()), .filter = code_.data()};
  }

 private:
  using Code = std::vector<sock_filter>;

  static sock_filter answer(std::uint32_t action) noexcept { return BPF_STMT(BPF_RET | BPF_K, action); }
  static sock_filter jump(unsigned comparison, std::uint32_t value, unsigned if_true,
                          unsigned if_false) noexcept {
    return {.code = static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K),
            .jt = static_cast<std::uint8_t>(if_true),
            .jf = static_cast<std::uint8_t>(if_false),
            .k = value};
  }
  /// The lower half, which is all that matters of an int and of the flags of clone(2).
  static sock_filter argument(std::size_t index) noexcept {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                    static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * index));
  }

  void load(std::size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  void if_equal(std::uint32_t value, const Code& then) {
    code_.push_back(jump(BPF_JEQ, value, 0, static_cast<unsigned>(then.size())));
    append(then);
  }
  void unless_equal(std::uint32_t value, const Code& then) {
    code_.push_back(jump(BPF_JEQ, value, static_cast<unsigned>(then.size()), 0));
    append(then);
  }
  void append(const Code& more) { code_.insert(code_.end(), more.begin(), more.end()); }

  /// A binary search of the number that is loaded.
  static Code search(std::span<const Range> ranges) {
    if (ranges.size() == 1) {
      return {jump(BPF_JGE, ranges[0].first, 0, 2), jump(BPF_JGT, ranges[0].last, 1, 0),
              answer(SECCOMP_RET_ALLOW), answer(refused_with(EPERM))};
    }
    const std::size_t half = ranges.size() / 2;
    const Code below = search(ranges.first(half));
    const Code above = search(ranges.subspan(half));
    Code both = {jump(BPF_JGE, ranges[half].first, 0, 1),
                 BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(below.size()))};
    both.insert(both.end(), below.begin(), below.end());
    both.insert(both.end(), above.begin(), above.end());
    return both;
  }

  Code code_;
};

/// 0 or an errno. Without the protection against speculation that older kernels would add to a filter: it
/// slows every call down, and nobody runs foreign code here.
int install(sock_fprog program) noexcept {
  for (const unsigned long flags : {SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0UL}) {
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0) return 0;
    if (errno != EINVAL) return errno;
  }
  return EINVAL;
}

}  // namespace

Result<void> forbid_other_calls(const CallNeeds& needs) {
  if (!is_available) return Error{ENOSYS};
  Program program(needs);
  if (const int error = install(program.as_argument()); error != 0) return Error{error};
  return outcome::success();
}

}  // namespace uflush
