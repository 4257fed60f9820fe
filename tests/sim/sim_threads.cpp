#include "tests/sim/sim_threads.hpp"

#include <utility>

namespace uflush {

thread_local SimThreads::Thread* SimThreads::current_ = nullptr;

SimThreads::~SimThreads() {
  FLUSH_ASSERT(threads_.empty());
}

void SimThreads::start(std::function<void()> body) {
  auto created = std::make_unique<Thread>();
  Thread& self = *created;
  self.body = std::move(body);
  threads_.push_back(std::move(created));
  self.thread = std::thread([this, &self] { run(self); });
}

void SimThreads::run(Thread& self) {
  current_ = &self;
  {
    std::unique_lock lock(mutex_);
    self.resumed.wait(lock, [&] { return holder_ == &self; });
  }
  self.body();
  const std::lock_guard lock(mutex_);
  self.over = true;
  holder_ = nullptr;
  given_back_.notify_one();
}

bool SimThreads::can_step() const {
  return !runnable().empty();
}

std::vector<SimThreads::Thread*> SimThreads::runnable() const {
  std::vector<Thread*> found;
  for (const auto& thread : threads_)
    if (!thread->ready || thread->ready()) found.push_back(thread.get());
  return found;
}

bool SimThreads::step() {
  FLUSH_ASSERT(current_ == nullptr);
  const std::vector<Thread*> candidates = runnable();
  if (candidates.empty()) return false;
  Thread& picked = *candidates[dice_.below(candidates.size())];
  {
    std::unique_lock lock(mutex_);
    holder_ = &picked;
    picked.resumed.notify_one();
    given_back_.wait(lock, [this] { return holder_ == nullptr; });
  }
  if (picked.over) {
    picked.thread.join();
    std::erase_if(threads_, [&](const auto& thread) { return thread.get() == &picked; });
  }
  return true;
}

void SimThreads::give_back(Thread& self) {
  std::unique_lock lock(mutex_);
  holder_ = nullptr;
  given_back_.notify_one();
  self.resumed.wait(lock, [&] { return holder_ == &self; });
}

void SimThreads::pause() {
  if (current_ != nullptr) {
    give_back(*current_);
    return;
  }
  while (!threads_.empty() && dice_.chance(interruption) && step()) {
  }
}

void SimThreads::wait_until(const std::function<bool()>& ready) {
  if (ready()) return;
  FLUSH_ASSERT(current_ != nullptr);
  current_->ready = ready;
  give_back(*current_);
  current_->ready = nullptr;
  FLUSH_ASSERT(ready());  // nobody has run since the scheduler looked
}

}  // namespace uflush
