#include "io/shortage.hpp"

#include <atomic>
#include <cerrno>

namespace uflush {
namespace {

std::atomic<ShortageHandler> shortage_handler{nullptr};

bool is_of_descriptors(Error error) noexcept {
  return error.number == EMFILE || error.number == ENFILE;
}

bool is_of_memory(Error error) noexcept {
  return error.number == ENOMEM || error.number == ENOBUFS || error.number == ENOSPC;
}

}  // namespace

void set_shortage_handler(ShortageHandler handler) noexcept {
  shortage_handler.store(handler);
}

void report_shortage(Shortage what, Error why) {
  if (const ShortageHandler handler = shortage_handler.load()) handler(what, why);
}

bool is_shortage(Error error) noexcept {
  return is_of_descriptors(error) || is_of_memory(error);
}

void report_if_shortage(Error why) {
  if (is_of_descriptors(why)) report_shortage(Shortage::descriptors, why);
  if (is_of_memory(why)) report_shortage(Shortage::memory, why);
}

}  // namespace uflush
