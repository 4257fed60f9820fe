#include "tests/sim/sim_pool.hpp"

#include <utility>

namespace uflush {

SimPool::~SimPool() {
  FLUSH_ASSERT(under_way_ == 0);
}

void SimPool::submit(PoolWork& work) {
  ++under_way_;
  ++submitted_;
  if (!has_threads) {
    work.run();
    finished_.push_back(&work);
    return;
  }
  waiting_.push_back(&work);
  if (running_ < threads_max_) start_next();
}

void SimPool::start_next() {
  PoolWork& work = *waiting_.front();
  waiting_.pop_front();
  ++running_;
  threads_.start([this, &work] {
    work.run();
    finished_.push_back(&work);
    --running_;
  });
}

bool SimPool::deliver() {
  while (running_ < threads_max_ && !waiting_.empty()) start_next();
  const std::vector<PoolWork*> home = std::exchange(finished_, {});
  under_way_ -= home.size();
  for (PoolWork* work : home) work->come_home(loop_);
  return !home.empty();
}

}  // namespace uflush
