#include "tests/support/seccomp.hpp"

#include <cstddef>

#include <linux/seccomp.h>
#include <sys/prctl.h>

namespace uflush::support {

Refusal Refusal::with(int error) noexcept {
  return {SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA)};
}

Refusal Refusal::kill() noexcept {
  return {SECCOMP_RET_KILL_PROCESS};
}

CallFilter::CallFilter(const std::vector<int>& numbers, std::uint32_t if_named, std::uint32_t otherwise) {
  program_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (const int number : numbers) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
    program_.push_back(BPF_STMT(BPF_RET | BPF_K, if_named));
  }
  program_.push_back(BPF_STMT(BPF_RET | BPF_K, otherwise));
}

CallFilter CallFilter::refusing(const std::vector<int>& numbers, Refusal refusal) {
  return {numbers, refusal.action, SECCOMP_RET_ALLOW};
}

CallFilter CallFilter::allowing(const std::vector<int>& numbers, Refusal refusal) {
  return {numbers, SECCOMP_RET_ALLOW, refusal.action};
}

bool CallFilter::install() const noexcept {
  const sock_fprog filter{.len = static_cast<unsigned short>(program_.size()),
                          .filter = const_cast<sock_filter*>(program_.data())};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0 ||
         (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
          ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0);
}

bool forbid_call(int number, int error) {
  return CallFilter::refusing({number}, Refusal::with(error)).install();
}

}  // namespace uflush::support
