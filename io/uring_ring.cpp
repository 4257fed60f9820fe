#include "io/uring_ring.hpp"

#include <algorithm>

#include <sys/socket.h>

namespace uflush {
namespace {

/// Marks completions that nobody waits for: posted requests that failed, answers to cancel requests.
constexpr std::uint64_t nobody = 0;

/// Fills a submission with an op's arguments.
struct Prepare {
  io_uring_sqe* sqe;

  void operator()(const op::Poll& poll) const {
    if (poll.multishot) {
      io_uring_prep_poll_multishot(sqe, poll.fd, poll.events);
    } else {
      io_uring_prep_poll_add(sqe, poll.fd, poll.events);
    }
  }
  void operator()(const op::Recv& recv) const {
    io_uring_prep_recv(sqe, recv.fd, recv.into.data(), recv.into.size(), recv.wait ? 0 : MSG_DONTWAIT);
  }
  void operator()(const op::Send& send) const {
    io_uring_prep_send(sqe, send.fd, send.from.data(), send.from.size(), MSG_NOSIGNAL | MSG_WAITALL);
  }
  void operator()(const op::Connect& connect) const {
    io_uring_prep_connect(sqe, connect.fd, reinterpret_cast<const sockaddr*>(connect.address),
                          sizeof(sockaddr_un));
  }
  void operator()(const op::Close& close) const { io_uring_prep_close(sqe, close.fd); }
  void operator()(const op::Sync& sync) const { io_uring_prep_fsync(sqe, sync.fd, IORING_FSYNC_DATASYNC); }
};

bool is_weather(int error) {
  return error == -EINTR || error == -EAGAIN || error == -EBUSY || error == -ETIME;
}

}  // namespace

std::variant<std::unique_ptr<UringRing>, RingRefusal> UringRing::create() {
  auto setup = set_up_ring();
  if (auto* refusal = std::get_if<RingRefusal>(&setup)) return std::move(*refusal);
  return std::make_unique<UringRing>(std::get<RingSetup>(setup));
}

UringRing::~UringRing() {
  FLUSH_ASSERT(in_kernel_ == 0);
  hand_over();  // posted closes
  io_uring_queue_exit(&ring_);
}

void UringRing::submit(Op& op) {
  FLUSH_ASSERT(op.phase != Op::Phase::in_kernel);
  io_uring_sqe* sqe = next_sqe();
  std::visit(Prepare{sqe}, op.args);
  io_uring_sqe_set_data(sqe, &op);
  op.phase = Op::Phase::in_kernel;
  op.result = 0;
  ++in_kernel_;
}

void UringRing::cancel(Op& op) {
  FLUSH_ASSERT(op.phase == Op::Phase::in_kernel);
  io_uring_sqe* sqe = next_sqe();
  io_uring_prep_cancel(sqe, &op, 0);
  if (features_.skip_success) sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, nobody);
}

void UringRing::post_send(int fd, std::span<const std::byte> constant) {
  io_uring_sqe* sqe = next_sqe();
  Prepare{sqe}(op::Send{fd, constant});
  if (features_.skip_success) sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, nobody);
}

void UringRing::post_close(Fd fd) {
  io_uring_sqe* sqe = next_sqe();
  Prepare{sqe}(op::Close{fd.release()});
  if (features_.skip_success) sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, nobody);
}

io_uring_sqe* UringRing::next_sqe() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe == nullptr) {
    hand_over();
    sqe = io_uring_get_sqe(&ring_);
  }
  FLUSH_ASSERT(sqe != nullptr);
  return sqe;
}

void UringRing::hand_over() {
  while (io_uring_sq_ready(&ring_) > 0) {
    const int submitted = io_uring_submit_and_get_events(&ring_);
    FLUSH_ASSERT(submitted >= 0 || is_weather(submitted));
    if (submitted < 0) gather(early_);  // EBUSY: the kernel wants to get rid of completions first
  }
}

void UringRing::wait(std::optional<Instant> until) {
  if (io_uring_cq_ready(&ring_) > 0 || (until && *until == Instant::min())) {
    const int answer = io_uring_submit_and_get_events(&ring_);
    FLUSH_ASSERT(answer >= 0 || is_weather(answer));
    return;
  }
  if (!busy_wait_) return sleep(until);
  const Instant began = std::chrono::steady_clock::now();
  if (busy_wait_->is_worth_it()) hand_over();
  if (busy_wait_->look([this] { return has_news(); }, began, until.value_or(Instant::max()))) {
    const int answer = io_uring_get_events(&ring_);
    FLUSH_ASSERT(answer >= 0 || is_weather(answer));
  } else {
    sleep(until);
  }
  busy_wait_->waited(std::chrono::steady_clock::now() - began);
}

void UringRing::sleep(std::optional<Instant> until) {
  int answer = 0;
  const Duration left = until ? Duration(*until - std::chrono::steady_clock::now()) : Duration::zero();
  if (!until) {
    answer = io_uring_submit_and_wait(&ring_, 1);
  } else if (left <= Duration::zero()) {
    answer = io_uring_submit_and_get_events(&ring_);  // a timer for nothing would cost 30 us
  } else {
    __kernel_timespec limit{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    io_uring_cqe* first = nullptr;
    answer = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr);
  }
  FLUSH_ASSERT(answer >= 0 || is_weather(answer));
}

void UringRing::turn(std::optional<Instant> until, std::vector<Op*>& completed) {
  wait(early_.empty() ? until : Instant::min());
  completed.insert(completed.end(), early_.begin(), early_.end());
  early_.clear();
  gather(completed);
}

/// Either in the completion queue, or known to the kernel, which then wants to be entered
/// (IORING_SETUP_TASKRUN_FLAG).
bool UringRing::has_news() const noexcept {
  return !early_.empty() || io_uring_cq_ready(&ring_) > 0 || is_waited_for();
}

bool UringRing::is_waited_for() const noexcept {
  return (IO_URING_READ_ONCE(*ring_.sq.kflags) & IORING_SQ_TASKRUN) != 0;
}

void UringRing::gather(std::vector<Op*>& completed) {
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* cqe = nullptr;
  io_uring_for_each_cqe(&ring_, head, cqe) {
    ++count;
    if (cqe->user_data == nobody) continue;
    complete(*static_cast<Op*>(io_uring_cqe_get_data(cqe)), *cqe, completed);
  }
  io_uring_cq_advance(&ring_, count);
}

void UringRing::complete(Op& op, const io_uring_cqe& cqe, std::vector<Op*>& completed) {
  FLUSH_ASSERT(op.phase == Op::Phase::in_kernel);
  op.result =
      cqe.res > 0 && op.result > 0 ? op.result | cqe.res : cqe.res;  // a multishot poll gathers its events
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) {
    op.phase = Op::Phase::done;
    --in_kernel_;
  }
  if (op.collected) return;
  op.collected = true;
  completed.push_back(&op);
}

Result<Fd> UringRing::accept(int listener) {
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return last_error();
  return Fd{fd};
}

Result<Fd> UringRing::unix_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return last_error();
  return Fd{fd};
}

}  // namespace uflush
