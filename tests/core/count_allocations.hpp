/// Counts what a test program allocates, to prove that a path allocates nothing.
#pragma once

#include <cstddef>

namespace uflush {

/// How often this thread has called operator new so far.
[[nodiscard]] std::size_t allocation_count() noexcept;

}  // namespace uflush
