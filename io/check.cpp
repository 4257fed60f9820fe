#include "io/check.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

namespace uflush {
namespace {

void write_to_stderr(const char* text) {
  std::fprintf(stderr, "uflush: panic: %s\n", text);
}

std::atomic<PanicHandler> panic_handler{write_to_stderr};

}  // namespace

void set_panic_handler(PanicHandler handler) noexcept {
  panic_handler.store(handler);
}

void panic(const char* condition, const char* file, int line) noexcept {
  char text[512];
  std::snprintf(text, sizeof text, "%s:%d: assertion failed: %s", file, line, condition);
  // A handler that itself fails must not come back here for ever.
  if (PanicHandler handler = panic_handler.exchange(nullptr)) handler(text);
  std::abort();
}

}  // namespace uflush
