/// Waiting for something to become true, without sleeping.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace uflush::support {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// Long enough for a loaded machine; a test that waits this long has failed.
inline constexpr milliseconds patience = 20'000ms;

/// A moment by which something must have happened.
class Deadline {
 public:
  explicit Deadline(milliseconds from_now) : at_(std::chrono::steady_clock::now() + from_now) {}
  /// Never negative: what poll(2) takes.
  [[nodiscard]] int left_ms() const;
  [[nodiscard]] bool passed() const { return left_ms() == 0; }

 private:
  std::chrono::steady_clock::time_point at_;
};

/// Evaluates `done` now and whenever something changes in one of `paths` (files, or directories not counting
/// what is below their children); false when `timeout` passes first. The watch is set before the first look,
/// so no change is missed.
[[nodiscard]] bool wait_until(const std::vector<std::string>& paths, const std::function<bool()>& done,
                              milliseconds timeout = patience);

/// True once `fd` is readable (end of file counts), false after `timeout`.
[[nodiscard]] bool wait_readable(int fd, const Deadline& deadline);

}  // namespace uflush::support
