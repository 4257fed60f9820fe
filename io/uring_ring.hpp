/// The ring of the kernel.
///
/// Overflow: the completion queue has room for whatever can complete, so the kernel never has to keep a
/// completion elsewhere, nor drops one when it lacks memory for that (-EBADR, for good). What counts:
///  - an op has one completion. At most `ops_max` are in the kernel; those beyond wait here for others to
///    complete. A server takes no more clients than can have all their ops in the kernel (prepare_to_serve).
///  - a cancel request, a posted send and a posted close are over when they have been handed over, and leave
///    at most one completion. The submission queue is handed over whenever it is full, and then completions
///    are gathered: there are never more of these than it has entries.
///  - a multishot poll may complete more than once between two turns. It is only used where completions are
///    delivered when the loop asks for them (DEFER_TASKRUN), which is a few; ring_spare_completions is for
///    them.
///
/// EAGAIN, EBUSY and EINTR from the kernel are weather: what it did not take stays here, in its order, and is
/// handed over in a later turn, a pause later when it was all that there was to do.
///
/// Sleeping: a thread that sleeps in io_uring_enter(2) counts as waiting for I/O, in the load of the
/// processors and in the pressure (PSI) of its control group, which would look like a slow disk. So the call
/// says that it does not (Linux 6.15), or the loop sleeps in ppoll(2) on an eventfd of the ring's, which
/// tells of work only while somebody sleeps.
#pragma once

#include <deque>
#include <memory>
#include <variant>

#include <liburing.h>

#include "io/busy_wait.hpp"
#include "io/ring.hpp"
#include "io/ring_setup.hpp"

namespace uflush {

class UringRing final : public Ring {
 public:
  /// A ring, or why there is none.
  [[nodiscard]] static std::variant<std::unique_ptr<UringRing>, RingRefusal> create(
      const RingWishes& wishes = {});

  explicit UringRing(const RingSetup& setup) noexcept;

  /// How long a turn may look for completions at most before it sleeps; see BusyWait. Not at all at first.
  void set_busy_wait(Duration limit) noexcept { busy_wait_.emplace(limit); }
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;
  ~UringRing() override;

  void submit(Op& op) override;
  void cancel(Op& op) override;
  void post_send(int fd, std::span<const std::byte> constant) override;
  void post_close(Fd fd) override;
  void turn(std::optional<Instant> until, std::vector<Op*>& completed) override;
  [[nodiscard]] std::size_t ops_max() const noexcept override { return ops_max_; }
  [[nodiscard]] bool has_news() const noexcept override;
  [[nodiscard]] bool is_waited_for() const noexcept override;
  [[nodiscard]] Result<Fd> accept(int listener) override;
  [[nodiscard]] Result<Fd> unix_socket() override;

  [[nodiscard]] const RingFeatures& features() const noexcept { return features_; }
  /// Ops that have been submitted and have not completed.
  [[nodiscard]] std::size_t in_kernel() const noexcept { return in_kernel_ + waiting_.size(); }
  /// Completions for which the queue had no room, ever: none.
  [[nodiscard]] unsigned overflows() const noexcept { return IO_URING_READ_ONCE(*ring_.cq.koverflow); }

 private:
  io_uring_sqe* next_sqe();
  void start(Op& op);
  void start_waiting();
  bool hand_over();
  void fill_queue();
  [[nodiscard]] bool has_requests() const noexcept;
  void wait(std::optional<Instant> until);
  void sleep(std::optional<Instant> until);
  [[nodiscard]] bool wait_in_ring(std::optional<Duration> left);
  [[nodiscard]] bool wait_beside_ring(std::optional<Duration> left);
  void gather(std::vector<Op*>& completed);
  void complete(Op& op, const io_uring_cqe& cqe, std::vector<Op*>& completed);
  void report(Op& op, std::vector<Op*>& completed);

  io_uring ring_;
  Fd work_event_;
  RingFeatures features_;
  std::size_t ops_max_;
  std::size_t in_kernel_ = 0;
  std::optional<BusyWait> busy_wait_;
  std::vector<Op*> early_;            ///< gathered before the turn that will report them
  std::deque<Op*> waiting_;           ///< there are `ops_max_` in the kernel; the first one is next
  std::deque<io_uring_sqe> refused_;  ///< behind a full queue that the kernel does not take
};

}  // namespace uflush
