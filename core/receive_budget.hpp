/// One bound for the memory of all receive buffers, so that a thousand clients with unfinished requests of a
/// megabyte each do not use a gigabyte.
#pragma once

#include <cstddef>

#include "io/check.hpp"

namespace uflush {

/// Invariant: used() <= the budget. Buffers of at most `free_bytes` do not count: those of clients that are
/// not out for harm, who therefore never notice.
class ReceiveBudget {
 public:
  static constexpr std::size_t free_bytes = std::size_t{4} * 1024;
  static constexpr std::size_t usual_bytes = std::size_t{64} * 1024 * 1024;

  explicit ReceiveBudget(std::size_t bytes_max = usual_bytes) noexcept : bytes_max_(bytes_max) {}
  ReceiveBudget(const ReceiveBudget&) = delete;
  ReceiveBudget& operator=(const ReceiveBudget&) = delete;
  ~ReceiveBudget() { FLUSH_ASSERT(used_ == 0); }

  [[nodiscard]] std::size_t used() const noexcept { return used_; }

  /// For a buffer that grows: false, and nothing is changed, when there is not enough left.
  [[nodiscard]] bool exchange(std::size_t old_capacity, std::size_t new_capacity) noexcept {
    const std::size_t without_old = used_ - counted(old_capacity);
    if (counted(new_capacity) > bytes_max_ - without_old) return false;
    used_ = without_old + counted(new_capacity);
    return true;
  }
  void give_back(std::size_t capacity) noexcept { used_ -= counted(capacity); }

 private:
  [[nodiscard]] static std::size_t counted(std::size_t capacity) noexcept {
    return capacity <= free_bytes ? 0 : capacity;
  }

  std::size_t bytes_max_;
  std::size_t used_ = 0;
};

}  // namespace uflush
