/// Broken promises of our own. Operating errors are `Result` values; what this file handles can only be a
/// bug.
#pragma once

namespace uflush {

/// What happens with the text of a failed assertion before the process aborts: the daemon points this at its
/// log. Called at most once, on the thread that failed. The default writes to stderr.
using PanicHandler = void (*)(const char* text);
void set_panic_handler(PanicHandler handler) noexcept;

[[noreturn]] void panic(const char* condition, const char* file, int line) noexcept;

}  // namespace uflush

/// Aborts, in every build, when `condition` is false.
#define FLUSH_ASSERT(condition)                        \
  do {                                                 \
    if (!(condition)) [[unlikely]]                     \
      ::uflush::panic(#condition, __FILE__, __LINE__); \
  } while (false)
