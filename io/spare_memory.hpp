/// Memory that was freed, but that the allocator keeps for later: each thread gives its own back to the
/// system when it has had nothing to do for a moment.
#pragma once

#include <chrono>

namespace uflush {

/// How long a thread has nothing to do before it does so.
inline constexpr std::chrono::seconds idle_before_giving_back{2};

/// What to call for that; nothing by default. To be set before there are threads.
void set_give_memory_back(void (*give_back)()) noexcept;

/// Of the calling thread. May take a millisecond.
void give_memory_back() noexcept;

}  // namespace uflush
