/// A system call that a container or the kernel's settings would refuse.
#pragma once

namespace uflush::support {

/// From now on system call `number` fails with `error` in this process and its children, also after exec. For
/// a child between fork and exec: only async-signal-safe calls are made. False when the kernel has no
/// filters.
[[nodiscard]] bool forbid_call(int number, int error) noexcept;

}  // namespace uflush::support
