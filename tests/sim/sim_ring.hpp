/// The ring of the simulation: carries out the same ops as the kernel's ring, in an order and with faults
/// that the seed picks, and moves the clock when nothing but time can help.
///
/// Ops work on real descriptors, with calls that never wait (see sim_listener.hpp for why that is
/// deterministic); sync goes to the simulated files. Completions are gathered in `turn` only, so nothing ever
/// completes inside `submit`.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "io/ring.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/sim_clock.hpp"
#include "tests/sim/sim_disk.hpp"

namespace uflush {

/// Everybody else, as the ring sees them.
class SimWorld {
 public:
  /// Lets somebody act. False when nobody could.
  virtual bool act() = 0;
  /// Nothing can happen before `next` (never, when empty). True: let the time pass until then.
  virtual bool let_time_pass(std::optional<Instant> next) = 0;

 protected:
  ~SimWorld() = default;
};

/// Probabilities. All off: completions come in the order of submission, each as soon as it can.
struct RingFaults {
  bool reorder = false;           ///< completions of different descriptors overtake each other
  double delay = 0;               ///< a completion comes some turns later
  double split_recv = 0;          ///< a receive gets fewer bytes than are there
  double split_send = 0;          ///< a send takes several turns
  double short_send = 0;          ///< one that somebody waits for completes with a part of its bytes
  double recv_error = 0;          ///< ECONNRESET, and the connection is dead
  double send_error = 0;          ///< EPIPE or a short count, and the connection is dead
  double connect_error = 0;       ///< ECONNREFUSED
  double accept_error = 0;        ///< ECONNABORTED: the connection is gone
  double end_of_multishot = 0;    ///< the kernel takes a multishot poll back after a completion
  double completes_anyway = 0.5;  ///< an op that could complete does so although it was cancelled

  /// Nothing goes wrong, but order, moments and sizes are drawn.
  [[nodiscard]] static RingFaults shuffled(Dice& dice);
  /// The same with errors.
  [[nodiscard]] static RingFaults drawn(Dice& dice);
};

class SimRing final : public Ring {
 public:
  SimRing(Dice& dice, SimClock& clock);
  ~SimRing() override;

  RingFaults faults;
  SimWorld* world = nullptr;               ///< none: only ops and time
  const SimDisk* disk = nullptr;           ///< where paths lead; none: connect for real
  std::function<Result<void>(int)> sync;   ///< carries out op::Sync; none: fdatasync for real
  std::optional<int> next_accept_error{};  ///< the next accept fails with it; no connection is lost

  void submit(Op& op) override;
  void cancel(Op& op) override;
  void post_send(int fd, std::span<const std::byte> constant) override;
  void post_close(Fd fd) override;
  void turn(std::optional<Instant> until, std::vector<Op*>& completed) override;
  [[nodiscard]] Result<Fd> accept(int listener) override;
  [[nodiscard]] Result<Fd> unix_socket() override;

  /// Ops in the kernel.
  [[nodiscard]] std::size_t in_kernel() const noexcept;

 private:
  /// A request under way.
  struct Request {
    Op* op;  ///< null: posted, nobody waits, and the ring neither
    OpArgs args;
    std::size_t sent = 0;
    int times_delayed = 0;
    bool cancelled = false;
    bool watched = false;     ///< a multishot poll that epoll knows
    std::uint32_t edges = 0;  ///< what a multishot poll has to tell
    bool over = false;
  };
  using Outcome = std::optional<std::int32_t>;  ///< empty: not yet

  void add(Op* op, const OpArgs& args);
  bool deliver(std::vector<Op*>& completed);
  void collect_edges();
  [[nodiscard]] bool must_wait(const Request& request) const;
  [[nodiscard]] static bool is_ready(const Request& request);
  [[nodiscard]] Outcome attempt(Request& request);
  [[nodiscard]] Outcome perform(Request& request);
  [[nodiscard]] Outcome perform(Request& request, const op::Poll& poll);
  [[nodiscard]] Outcome perform(Request& request, const op::Recv& recv);
  [[nodiscard]] Outcome perform(Request& request, const op::Send& send);
  [[nodiscard]] Outcome perform(Request& request, const op::Connect& connect);
  [[nodiscard]] Outcome perform(Request& request, const op::Close& close);
  [[nodiscard]] Outcome perform(Request& request, const op::Sync& sync);
  void complete(Request& request, std::int32_t result, std::vector<Op*>& completed);

  Dice& dice_;
  SimClock& clock_;
  Fd epoll_;                                        ///< edge-triggered, for multishot polls
  std::vector<std::unique_ptr<Request>> requests_;  ///< in the order of submission
  bool progress_ = false;                           ///< a request got ahead without completing
};

}  // namespace uflush
