/// The allocator, as a daemon wants it (mimalloc; builds with sanitizers have their own).
#pragma once

#include <functional>
#include <vector>

#include "core/log.hpp"

namespace uflush {

/// From now on a failed allocation sends what `last_words` returns, and ends the process with status 1;
/// before, the record goes to stderr. Called on the thread that has met the failure. `last_words` finds some
/// memory.
void say_when_out_of_memory(std::function<std::vector<PreparedRecord>()> last_words);

}  // namespace uflush
