/// Threads that wait for the disk, for a ring that cannot ask the kernel to do it on the side.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "io/op.hpp"
#include "io/thread.hpp"
#include "io/wakeup.hpp"

namespace uflush {

/// Performs op::Sync. Threads are started as they are first needed: whatever the process has become by then
/// (another user, confined), they are too. All functions are for the loop's thread.
class SyncThreads {
 public:
  struct Outcome {
    Op* op;
    std::int32_t result;
  };

  /// `wakeup` is signalled when there is something to collect.
  explicit SyncThreads(Wakeup wakeup) noexcept : wakeup_(std::move(wakeup)) {}
  SyncThreads(const SyncThreads&) = delete;
  SyncThreads& operator=(const SyncThreads&) = delete;
  /// Waits for the threads.
  ~SyncThreads();

  [[nodiscard]] int wakeup() const noexcept { return wakeup_.fd(); }

  void submit(Op& op);
  /// True: no thread had begun with it, and none will. False: its outcome comes.
  [[nodiscard]] bool take_back(const Op& op);
  /// Takes what has finished.
  [[nodiscard]] std::vector<Outcome> collect();

 private:
  void work();
  void sync_first(std::unique_lock<std::mutex>& lock);
  bool start_thread();

  Wakeup wakeup_;
  std::vector<Thread> threads_;  ///< the loop thread's alone
  std::mutex mutex_;             ///< guards what follows
  std::condition_variable work_or_end_;
  std::deque<Op*> waiting_;
  std::vector<Outcome> finished_;
  std::size_t idle_ = 0;
  bool ending_ = false;
};

}  // namespace uflush
