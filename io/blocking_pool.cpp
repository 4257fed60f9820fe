#include "io/blocking_pool.hpp"

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

#include "io/fd.hpp"
#include "io/operation.hpp"

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

/// Signals are the loop thread's business.
void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

/// What the threads and the loop both touch, under `mutex`.
struct BlockingPool::Shared {
  Shared(Fd event, std::size_t max) : wakeup(std::move(event)), threads_max(max) {}

  Fd wakeup;  ///< an eventfd: work has finished
  const std::size_t threads_max;
  std::mutex mutex;
  std::condition_variable work_or_end;
  WorkQueue waiting;
  WorkQueue finished;
  std::size_t idle = 0;
  bool ending = false;
  std::vector<std::thread> threads;  ///< the loop thread's alone
  std::size_t under_way = 0;         ///< the loop thread's alone

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      work_or_end.wait(lock, [this] { return ending || !waiting.empty(); });
      --idle;
      if (waiting.empty()) return;
      run_next(lock);
    }
  }

  void run_next(std::unique_lock<std::mutex>& lock) {
    PoolWork& next = waiting.pop();
    lock.unlock();
    next.run();
    lock.lock();
    const bool first = finished.empty();
    finished.push(next);
    if (first) tell_loop();
  }

  void tell_loop() const {
    const std::uint64_t one = 1;
    const ssize_t written = ::write(wakeup.get(), &one, sizeof one);
    FLUSH_ASSERT(written == sizeof one);
  }

  /// False when the system has no thread for us (RLIMIT_NPROC, the limit of a control group).
  bool start_thread() {
    // The new thread inherits the mask: no signal can reach it before it has blocked them itself.
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    block_all_signals();
    bool started = true;
    try {
      threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // the standard library has no other way to say it
      started = false;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started;
  }

  /// Does on the loop's thread what waits: late for everybody is better than never.
  void work_here() {
    std::unique_lock lock(mutex);
    while (!waiting.empty()) run_next(lock);
  }
};

Result<std::unique_ptr<BlockingPool>> BlockingPool::create(Loop& loop, std::size_t threads_max) {
  Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return last_error();
  return std::unique_ptr<BlockingPool>(
      new BlockingPool(loop, std::make_unique<Shared>(std::move(event), threads_max)));
}

BlockingPool::BlockingPool(Loop& loop, std::unique_ptr<Shared> shared)
    : loop_(loop), shared_(std::move(shared)) {}

BlockingPool::~BlockingPool() {
  FLUSH_ASSERT(shared_->under_way == 0 && shared_->threads.empty());
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
    shared_->work_here();
  }
  shared_->work_or_end.notify_one();
}

Task<void> BlockingPool::run() {
  Readiness readiness(loop_, shared_->wakeup.get());
  while (!stop_.stop_requested() || shared_->under_way > 0) {
    const StopToken stop = stop_.stop_requested() ? StopToken{} : StopToken{stop_};
    if (auto ready = co_await readiness.wait(stop); !ready) {
      if (ready.error() == Error{ECANCELED}) continue;
      // The ring cannot tell us (epoll may lack memory, or watches): what comes home is noticed a little
      // late.
      static_cast<void>(co_await Sleep{loop_, loop_.now() + unwatched_pause, stop});
    }
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t drained = ::read(shared_->wakeup.get(), &count, sizeof count);
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
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->ending = true;
  }
  shared_->work_or_end.notify_all();
  for (std::thread& thread : shared_->threads) thread.join();
  shared_->threads.clear();
}

void BlockingPool::shut_down() {
  stop_.request_stop();
}

}  // namespace uflush
