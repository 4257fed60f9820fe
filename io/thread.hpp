/// A thread with a small stack that hears no signals: std::thread takes what ulimit -s says, 8 MiB as a rule,
/// and all of it counts against RLIMIT_DATA.
#pragma once

#include <cstddef>
#include <functional>

#include <pthread.h>

#include "io/result.hpp"

namespace uflush {

class Thread {
 public:
  /// Enough for what our jobs call: libraries of tables, formatting, sanitizers.
  static constexpr std::size_t stack_bytes = std::size_t{512} * 1024;

  /// Starts `body`. Signals are blocked in it from its first moment: they are the loop thread's business.
  /// EAGAIN when the system has no thread for us (RLIMIT_NPROC, the limit of a control group), ENOMEM or
  /// EPERM.
  [[nodiscard]] static Result<Thread> start(std::function<void()> body);

  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&&) = delete;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  /// It must have been joined.
  ~Thread();

  /// Waits for its end.
  void join();

 private:
  explicit Thread(pthread_t thread) noexcept : thread_(thread), is_running_(true) {}

  pthread_t thread_{};
  bool is_running_ = false;
};

}  // namespace uflush
