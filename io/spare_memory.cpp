#include "io/spare_memory.hpp"

#include <atomic>

namespace uflush {
namespace {

std::atomic<void (*)()> give_back_function{nullptr};

}  // namespace

void set_give_memory_back(void (*give_back)()) noexcept {
  give_back_function.store(give_back);
}

void give_memory_back() noexcept {
  if (auto* const give_back = give_back_function.load()) give_back();
}

}  // namespace uflush
