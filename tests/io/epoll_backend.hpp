/// An epoll ring to be driven by hand, turn by turn.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/io/backends.hpp"

namespace uflush {

class EpollRingTest : public BackendTest<EpollBackend> {
 protected:
  [[nodiscard]] EpollRing& ring() { return backend_->ring(); }

  /// One turn that does not wait; the ops that completed.
  std::vector<Op*> turn(std::optional<Instant> until = Instant::min()) {
    std::vector<Op*> completed;
    ring().turn(until, completed);
    for (Op* op : completed) op->collected = false;
    return completed;
  }
  /// The same, and true when it was this op alone that completed.
  bool completes(const Op& op) {
    const std::vector<Op*> completed = turn();
    return completed.size() == 1 && completed[0] == &op && op.phase == Op::Phase::done;
  }
  void finish(Op& op) {
    ring().cancel(op);
    EXPECT_TRUE(completes(op));
  }
  std::array<std::byte, 64> bytes_;
};

}  // namespace uflush
