/// The portable ring: epoll, where the kernel's own ring is missing or forbidden.
///
/// What never waits is done at once: sending (as far as the socket takes it), connecting, closing. Who has to
/// wait for a descriptor is put on its list, and epoll is asked to tell of it once (EPOLLONESHOT); the call
/// is made when epoll says so. So receiving costs two calls, epoll_ctl and recv, besides the shared
/// epoll_wait. Only a multishot poll stays registered, with edges (EPOLLET). fdatasync goes to threads of its
/// own.
///
/// Descriptors may be closed, and their numbers used anew, without our knowing: nothing that was known about
/// a number is relied on when nobody waits for it, and epoll is asked again. Sockets are used without
/// changing their flags, which other processes may share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/ring.hpp"
#include "io/sync_threads.hpp"

struct epoll_event;

namespace uflush {

class EpollRing final : public Ring {
 public:
  [[nodiscard]] static Result<std::unique_ptr<EpollRing>> create();
  EpollRing(const EpollRing&) = delete;
  EpollRing& operator=(const EpollRing&) = delete;
  ~EpollRing() override;

  void submit(Op& op) override;
  void cancel(Op& op) override;
  void post_send(int fd, std::span<const std::byte> constant) override;
  void post_close(Fd fd) override;
  void turn(std::optional<Instant> until, std::vector<Op*>& completed) override;
  [[nodiscard]] Result<Fd> accept(int listener) override;
  [[nodiscard]] Result<Fd> unix_socket() override;

  /// Ops that have been submitted and have not completed.
  [[nodiscard]] std::size_t in_kernel() const noexcept { return in_kernel_; }

 private:
  struct Submit;

  /// A send that the socket has not taken yet, or not all of it.
  struct Outgoing {
    Op* op;
    std::span<const std::byte> bytes;
    std::size_t sent = 0;
  };
  /// What we know about the descriptor of one number.
  struct Descriptor {
    std::vector<Op*> waiting;      ///< op::Recv and op::Poll
    std::vector<Outgoing> unsent;  ///< in order
    std::uint32_t armed = 0;       ///< what epoll will tell of, for those who wait now
    std::uint32_t generation = 0;  ///< tells what epoll says from what it says about an earlier one
    bool registered = false;       ///< very likely
  };

  EpollRing(Fd epoll, Wakeup wakeup) noexcept : epoll_(std::move(epoll)), sync_threads_(std::move(wakeup)) {}

  Descriptor& descriptor(int fd);
  void forget(int fd);
  void wait_for(int fd, Op& op, std::uint32_t events);
  void arm(int fd);
  [[nodiscard]] int tell_epoll(int fd, std::uint32_t events);
  void stop_watching(int fd);
  void send_or_queue(int fd, const Outgoing& outgoing);
  void send_queued(int fd);
  [[nodiscard]] std::int32_t close(int fd);

  int wait(std::optional<Instant> until, std::span<epoll_event> events);
  void on_event(const epoll_event& event);
  void on_ready(int fd, std::uint32_t events, bool last);
  bool attempt(Op& op, std::uint32_t events, bool last);
  void finish(Op& op, std::int32_t result);
  [[nodiscard]] bool is_waiting(const Op& op) const;

  Fd epoll_;
  SyncThreads sync_threads_;
  std::vector<Descriptor> descriptors_;  ///< by number
  std::size_t in_kernel_ = 0;
  std::vector<Op*> finished_;  ///< to be reported by the turn, each once
};

}  // namespace uflush
