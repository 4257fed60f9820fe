/// The ring of the kernel.
///
/// Overflow: the submission queue is handed over whenever it is full; the completion queue may overflow
/// (thousands of idle connections each have a request in the kernel), and then the kernel keeps what does not
/// fit until the next turn (IORING_FEAT_NODROP, without which set_up_ring refuses). EAGAIN, EBUSY and EINTR
/// from the kernel are weather: completions are gathered and the call is made again.
#pragma once

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
  [[nodiscard]] static std::variant<std::unique_ptr<UringRing>, RingRefusal> create();

  explicit UringRing(const RingSetup& setup) noexcept : ring_(setup.ring), features_(setup.features) {}

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
  [[nodiscard]] bool has_news() const noexcept override;
  [[nodiscard]] bool is_waited_for() const noexcept override;
  [[nodiscard]] Result<Fd> accept(int listener) override;
  [[nodiscard]] Result<Fd> unix_socket() override;

  [[nodiscard]] const RingFeatures& features() const noexcept { return features_; }
  /// Ops in the kernel.
  [[nodiscard]] std::size_t in_kernel() const noexcept { return in_kernel_; }

 private:
  io_uring_sqe* next_sqe();
  void hand_over();
  void wait(std::optional<Instant> until);
  void sleep(std::optional<Instant> until);
  void gather(std::vector<Op*>& completed);
  void complete(Op& op, const io_uring_cqe& cqe, std::vector<Op*>& completed);

  io_uring ring_;
  RingFeatures features_;
  std::size_t in_kernel_ = 0;
  std::optional<BusyWait> busy_wait_;
  std::vector<Op*> early_;  ///< gathered before the turn that will report them
};

}  // namespace uflush
