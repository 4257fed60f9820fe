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

/// A socket whose peer does not read, with nothing left to send into.
struct FullSocket : SocketPair {
  FullSocket() {
    const std::string piece(4096, 'x');
    while (::send(ours.get(), piece.data(), piece.size(), MSG_DONTWAIT) > 0) {
    }
  }
  /// All that there is to read, without the filling.
  std::string drain() const {
    std::string text;
    std::array<char, 4096> piece;
    for (ssize_t count = 1; count > 0;) {
      count = ::recv(peer.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      text.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    text.erase(0, text.find_first_not_of('x'));
    return text;
  }
  [[nodiscard]] bool at_end() const {
    char byte = 0;
    return ::recv(peer.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
};

}  // namespace uflush
