#include "io/sync_threads.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

#include "io/older_calls.hpp"
#include "io/optional_calls.hpp"
#include "io/shortage.hpp"

namespace uflush {
namespace {

/// Files that are synced at the same time share the commits of their file system's journal.
constexpr std::size_t threads_max = 8;

}  // namespace

SyncThreads::~SyncThreads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_or_end_.notify_all();
  for (Thread& thread : threads_) thread.join();
}

void SyncThreads::submit(Op& op) {
  bool one_more = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&op);
    one_more = waiting_.size() > idle_;
  }
  if (one_more && threads_.size() < threads_max && !start_thread() && threads_.empty()) {
    std::unique_lock lock(mutex_);
    sync_first(lock);  // no thread to be had: late for everybody is better than never
    return;
  }
  work_or_end_.notify_one();
}

bool SyncThreads::take_back(const Op& op) {
  const std::lock_guard lock(mutex_);
  return std::erase(waiting_, &op) > 0;
}

std::vector<SyncThreads::Outcome> SyncThreads::collect() {
  wakeup_.clear();
  const std::lock_guard lock(mutex_);
  return std::exchange(finished_, {});
}

void SyncThreads::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    work_or_end_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    sync_first(lock);
  }
}

void SyncThreads::sync_first(std::unique_lock<std::mutex>& lock) {
  Op* const op = waiting_.front();
  waiting_.pop_front();
  const int fd = std::get<op::Sync>(op->args).fd;
  lock.unlock();
  const Result<void> synced = sync_data(fd);
  const std::int32_t result = synced ? 0 : -synced.error().number;
  lock.lock();
  finished_.push_back({op, result});
  wakeup_.signal();
}

/// False when the system has no thread for us.
bool SyncThreads::start_thread() {
  if (!may_use(OptionalCall::threads)) return false;  // which the start has said
  auto started = Thread::start([this] { work(); });
  if (!started) {
    report_shortage(Shortage::threads, started.error());
    return false;
  }
  threads_.push_back(std::move(started).value());
  return true;
}

}  // namespace uflush
