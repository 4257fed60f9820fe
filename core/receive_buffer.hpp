/// What a client has sent and nobody has read yet.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "core/receive_budget.hpp"
#include "io/check.hpp"

namespace uflush {

/// Small until a client sends much: a stock client's request fits into the object itself, and thousands of
/// idle connections cost little. Who has sent much is likely to do so again: after `shrink` it grows to its
/// old size in one step. Lives where it was made: the kernel writes into it. Invariant: begin_ <= end_ <=
/// capacity_.
class ReceiveBuffer {
 public:
  /// Borrows the budget.
  explicit ReceiveBuffer(ReceiveBudget& budget) noexcept : budget_(budget) {}
  ~ReceiveBuffer() { budget_.give_back(capacity_); }
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;

  [[nodiscard]] std::string_view text() const noexcept { return {data() + begin_, end_ - begin_}; }

  /// Sees to it that there is room for at least one byte more, for more each time the last receive has filled
  /// it. False when the budget of all buffers does not allow that. Invalidates text().
  [[nodiscard]] bool make_room() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ < capacity_) return true;
    if (end_ - begin_ > capacity_ / 2 && grow()) return true;
    if (begin_ == 0) return false;
    move_to_front();
    return true;
  }
  /// There must be some: make_room().
  [[nodiscard]] std::span<std::byte> space() {
    FLUSH_ASSERT(end_ < capacity_);
    return std::as_writable_bytes(std::span(data() + end_, capacity_ - end_));
  }
  void filled(std::size_t count) noexcept {
    FLUSH_ASSERT(count <= capacity_ - end_);
    end_ += count;
  }
  void consume(std::size_t count) noexcept {
    FLUSH_ASSERT(count <= end_ - begin_);
    begin_ += count;
  }
  /// True when the last receive may have left something in the kernel.
  [[nodiscard]] bool full() const noexcept { return end_ == capacity_; }

  /// Gives memory back while there is nothing to keep.
  void shrink() noexcept {
    if (begin_ != end_ || !large_) return;
    grown_to_ = std::min(capacity_, regrown_bytes_max);
    large_.reset();
    budget_.give_back(capacity_);
    capacity_ = small_.size();
    begin_ = end_ = 0;
  }

 private:
  static constexpr std::size_t small_bytes = 256;
  static constexpr std::size_t growth = 4;
  static constexpr std::size_t regrown_bytes_max = std::size_t{256} * 1024;

  [[nodiscard]] char* data() noexcept { return large_ ? large_.get() : small_.data(); }
  [[nodiscard]] const char* data() const noexcept { return large_ ? large_.get() : small_.data(); }

  void move_to_front() noexcept {
    std::memmove(data(), data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }

  [[nodiscard]] bool grow() {
    const std::size_t kept = end_ - begin_;
    const std::size_t larger = std::max(capacity_ * growth, grown_to_);
    if (!budget_.exchange(capacity_, larger)) return false;
    auto memory = std::make_unique_for_overwrite<char[]>(larger);
    std::memcpy(memory.get(), data() + begin_, kept);
    large_ = std::move(memory);
    capacity_ = larger;
    begin_ = 0;
    end_ = kept;
    return true;
  }

  ReceiveBudget& budget_;
  std::array<char, small_bytes> small_;
  std::unique_ptr<char[]> large_;
  std::size_t capacity_ = small_.size();
  std::size_t grown_to_ = 0;  ///< before the last shrink
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace uflush
