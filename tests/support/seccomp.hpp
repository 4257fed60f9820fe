/// System calls that a container, a systemd unit or the kernel's settings would refuse.
#pragma once

#include <cstdint>
#include <vector>

#include <linux/filter.h>

namespace uflush::support {

/// What happens to a process that makes a forbidden call: it fails with an errno, or the process dies.
struct Refusal {
  std::uint32_t action;
  [[nodiscard]] static Refusal with(int error) noexcept;
  [[nodiscard]] static Refusal kill() noexcept;
};

/// A filter as a service manager installs it. Made before fork, installed in the child.
class CallFilter {
 public:
  /// Refuses `numbers`, and nothing else.
  [[nodiscard]] static CallFilter refusing(const std::vector<int>& numbers, Refusal refusal);
  /// Refuses everything but `numbers`.
  [[nodiscard]] static CallFilter allowing(const std::vector<int>& numbers, Refusal refusal);

  /// From now on it holds for this process and its children, also after exec. For a child between fork and
  /// exec: only async-signal-safe calls are made. no_new_privs is set only where it must be. False when the
  /// kernel has no filters.
  [[nodiscard]] bool install() const noexcept;

 private:
  CallFilter(const std::vector<int>& numbers, std::uint32_t if_named, std::uint32_t otherwise);
  std::vector<sock_filter> program_;
};

/// From now on system call `number` fails with `error` in this process and its children.
[[nodiscard]] bool forbid_call(int number, int error);

}  // namespace uflush::support
