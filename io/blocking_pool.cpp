#include "io/blocking_pool.hpp"

#include <condition_variable>
#include <mutex>
#include <vector>

#include <unistd.h>

#include "io/operation.hpp"
#include "io/optional_calls.hpp"
#include "io/shortage.hpp"
#include "io/spare_memory.hpp"
#include "io/thread.hpp"
#include "io/wakeup.hpp"

namespace uflush {
namespace {

/// Between two looks for finished work while nobody tells of it.
constexpr std::chrono::milliseconds unwatched_pause{10};

/// First in, first out, linked through PoolWork::next.
class WorkQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void push(PoolWork& work) noexcept {
    work.next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = &work;
    last_ = &work;
    ++size_;
  }
  PoolWork& pop() noexcept {
    PoolWork& work = *first_;
    first_ = work.next;
    --size_;
    return work;
  }

 private:
  PoolWork* first_ = nullptr;
  PoolWork* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

/// What the threads and the loop both touch, under `mutex`.
struct BlockingPool::Shared {
  Shared(Wakeup from_threads, std::size_t max, NoThread policy)
      : wakeup(std::move(from_threads)), threads_max(max), no_thread(policy) {}

  Wakeup wakeup;  ///< work has finished
  const std::size_t threads_max;
  const NoThread no_thread;
  std::mutex mutex;
  std::condition_variable work_or_end;
  WorkQueue waiting;
  WorkQueue finished;
  std::size_t idle = 0;
  bool ending = false;
  std::vector<Thread> threads;  ///< the loop thread's alone
  std::size_t under_way = 0;    ///< the loop thread's alone

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      wait_for_work(lock);
      --idle;
      if (waiting.empty()) return;
      run_next(lock);
    }
  }

  void wait_for_work(std::unique_lock<std::mutex>& lock) {
    const auto has_something = [this] { return ending || !waiting.empty(); };
    if (work_or_end.wait_for(lock, idle_before_giving_back, has_something)) return;
    lock.unlock();
    give_memory_back();
    lock.lock();
    work_or_end.wait(lock, has_something);
  }

  void run_next(std::unique_lock<std::mutex>& lock) {
    PoolWork& next = waiting.pop();
    lock.unlock();
    next.run();
    lock.lock();
    finish(next);
  }

  /// Under the mutex.
  void finish(PoolWork& work) {
    const bool first = finished.empty();
    finished.push(work);
    if (first) wakeup.signal();
  }

  /// False when the system has no thread for us.
  bool start_thread() {
    if (!may_use(OptionalCall::threads)) return false;  // which the start has said
    auto started = Thread::start([this] { work(); });
    if (!started) {
      report_shortage(Shortage::threads, started.error());
      return false;
    }
    threads.push_back(std::move(started).value());
    return true;
  }

  void end_threads() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    work_or_end.notify_all();
    for (Thread& thread : threads) thread.join();
    threads.clear();
  }

  /// There is no thread, and so nothing is under way but what waits.
  void do_without_threads() {
    std::unique_lock lock(mutex);
    while (!waiting.empty()) {
      if (no_thread == NoThread::run_on_loop) {
        run_next(lock);
      } else {
        PoolWork& work = waiting.pop();
        work.was_refused = true;
        finish(work);
      }
    }
  }
};

Result<std::unique_ptr<BlockingPool>> BlockingPool::create(Loop& loop, std::size_t threads_max,
                                                           NoThread no_thread) {
  TRY(wakeup, Wakeup::create());
  auto shared = std::make_unique<Shared>(std::move(wakeup), threads_max, no_thread);
  // While there may be one, a thread for jobs that would otherwise fail.
  if (no_thread == NoThread::refuse) static_cast<void>(shared->start_thread());
  return std::unique_ptr<BlockingPool>(new BlockingPool(loop, std::move(shared)));
}

BlockingPool::BlockingPool(Loop& loop, std::unique_ptr<Shared> shared)
    : loop_(loop), shared_(std::move(shared)) {}

BlockingPool::~BlockingPool() {
  FLUSH_ASSERT(shared_->under_way == 0);
  shared_->end_threads();
}

void BlockingPool::submit(PoolWork& work) {
  ++shared_->under_way;
  bool one_more = false;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->waiting.push(work);
    // An idle thread may have been woken for earlier work and not got up yet: it takes one job, not two.
    one_more = shared_->waiting.size() > shared_->idle;
  }
  if (one_more && shared_->threads.size() < shared_->threads_max && !shared_->start_thread() &&
      shared_->threads.empty()) {
    shared_->do_without_threads();
  }
  shared_->work_or_end.notify_one();
}

Task<void> BlockingPool::run() {
  Readiness readiness(loop_, shared_->wakeup.fd());
  while (!stop_.stop_requested() || shared_->under_way > 0) {
    const StopToken stop = stop_.stop_requested() ? StopToken{} : StopToken{stop_};
    if (auto ready = co_await readiness.wait(stop); !ready) {
      if (ready.error() == Error{ECANCELED}) continue;
      // The ring cannot tell us (epoll may lack memory, or watches): what comes home is noticed a little
      // late.
      static_cast<void>(co_await Sleep{loop_, loop_.now() + unwatched_pause, stop});
    }
    shared_->wakeup.clear();
    WorkQueue home;
    {
      const std::lock_guard lock(shared_->mutex);
      std::swap(home, shared_->finished);
    }
    while (!home.empty()) {
      --shared_->under_way;
      home.pop().come_home(loop_);
    }
  }
  co_await readiness.close();
  shared_->end_threads();
}

void BlockingPool::shut_down() {
  stop_.request_stop();
}

}  // namespace uflush
