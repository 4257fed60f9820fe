#include "io/uring_ring.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include <poll.h>
#include <sys/socket.h>

#include "io/older_calls.hpp"

namespace uflush {
namespace {

/// Marks completions that nobody waits for: posted requests that failed, answers to cancel requests.
constexpr std::uint64_t nobody = 0;
/// Of Linux 6.15, later than our headers (IORING_ENTER_NO_IOWAIT).
constexpr unsigned enter_no_iowait = 1U << 7;
/// Before the kernel is asked again to take what it had no memory for.
constexpr std::chrono::milliseconds refusal_pause{10};

/// Fills a submission with an op's arguments.
struct Prepare {
  io_uring_sqe* sqe;
  const RingFeatures& features;

  void operator()(const op::Poll& poll) const {
    if (poll.multishot && features.defer_taskrun) {
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

timespec as_timespec(Duration time) {
  return {.tv_sec = time.count() / 1'000'000'000, .tv_nsec = time.count() % 1'000'000'000};
}

}  // namespace

std::variant<std::unique_ptr<UringRing>, RingRefusal> UringRing::create(const RingWishes& wishes) {
  auto setup = set_up_ring(wishes);
  if (auto* refusal = std::get_if<RingRefusal>(&setup)) return std::move(*refusal);
  return std::make_unique<UringRing>(std::get<RingSetup>(setup));
}

UringRing::UringRing(const RingSetup& setup) noexcept
    : ring_(setup.ring), work_event_(setup.work_event), features_(setup.features) {
  const std::size_t others = std::size_t{features_.sq_entries} + ring_spare_completions;
  FLUSH_ASSERT(features_.cq_entries > others);
  ops_max_ = features_.cq_entries - others;
}

UringRing::~UringRing() {
  FLUSH_ASSERT(in_kernel() == 0);
  hand_over();  // posted closes; should the kernel not take them, they are done when the process ends
  io_uring_queue_exit(&ring_);
}

// ---- Taking requests in.

void UringRing::submit(Op& op) {
  FLUSH_ASSERT(op.phase != Op::Phase::in_kernel);
  op.phase = Op::Phase::in_kernel;
  op.result = 0;
  if (waiting_.empty() && in_kernel_ < ops_max_) {
    start(op);
  } else {
    waiting_.push_back(&op);
  }
}

void UringRing::start(Op& op) {
  io_uring_sqe* sqe = next_sqe();
  std::visit(Prepare{sqe, features_}, op.args);
  io_uring_sqe_set_data(sqe, &op);
  ++in_kernel_;
}

void UringRing::start_waiting() {
  while (!waiting_.empty() && in_kernel_ < ops_max_) {
    start(*waiting_.front());
    waiting_.pop_front();
  }
}

void UringRing::cancel(Op& op) {
  FLUSH_ASSERT(op.phase == Op::Phase::in_kernel);
  if (const auto found = std::find(waiting_.begin(), waiting_.end(), &op); found != waiting_.end()) {
    waiting_.erase(found);
    op.result = -ECANCELED;
    op.phase = Op::Phase::done;
    report(op, early_);
    return;
  }
  io_uring_sqe* sqe = next_sqe();
  io_uring_prep_cancel(sqe, &op, 0);
  if (features_.skip_success) sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, nobody);
}

void UringRing::post_send(int fd, std::span<const std::byte> constant) {
  io_uring_sqe* sqe = next_sqe();
  io_uring_prep_send(sqe, fd, constant.data(), constant.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (features_.skip_success) sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, nobody);
}

void UringRing::post_close(Fd fd) {
  io_uring_sqe* sqe = next_sqe();
  io_uring_prep_close(sqe, fd.release());
  if (features_.skip_success) sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, nobody);
}

/// A place for the next request: in the submission queue, or behind it when the kernel does not take what is
/// there.
io_uring_sqe* UringRing::next_sqe() {
  if (refused_.empty()) {
    if (io_uring_sqe* sqe = io_uring_get_sqe(&ring_)) return sqe;
    hand_over();
    if (io_uring_sqe* sqe = io_uring_get_sqe(&ring_); sqe != nullptr && refused_.empty()) return sqe;
  }
  return &refused_.emplace_back();
}

// ---- Handing over.

bool UringRing::has_requests() const noexcept {
  return io_uring_sq_ready(&ring_) > 0 || !refused_.empty();
}

/// Hands over what was submitted, has the kernel deliver what it holds back, and makes room for more
/// completions. False when the kernel did not take everything.
bool UringRing::hand_over() {
  while (true) {
    fill_queue();
    const int submitted = io_uring_submit_and_get_events(&ring_);
    FLUSH_ASSERT(submitted >= 0 || is_weather(submitted));
    gather(early_);
    if (!has_requests()) return true;
    if (submitted <= 0) return false;
  }
}

void UringRing::fill_queue() {
  while (!refused_.empty()) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) return;
    *sqe = refused_.front();
    refused_.pop_front();
  }
}

// ---- The turn.

void UringRing::wait(std::optional<Instant> until) {
  if (io_uring_cq_ready(&ring_) > 0 || (until && *until == Instant::min())) {
    hand_over();
    return;
  }
  if (!busy_wait_) return sleep(until);
  const Instant began = std::chrono::steady_clock::now();
  if (busy_wait_->is_worth_it() && has_requests()) hand_over();
  if (busy_wait_->look([this] { return has_news(); }, began, until.value_or(Instant::max()))) {
    const int answer = io_uring_get_events(&ring_);
    FLUSH_ASSERT(answer >= 0 || is_weather(answer));
  } else {
    sleep(until);
  }
  busy_wait_->waited(std::chrono::steady_clock::now() - began);
}

void UringRing::sleep(std::optional<Instant> until) {
  const bool taken = !has_requests() || hand_over();
  if (!early_.empty() || io_uring_cq_ready(&ring_) > 0) return;
  std::optional<Duration> left;
  if (until) left = *until - std::chrono::steady_clock::now();
  if (left && *left <= Duration::zero()) return;
  if (taken && work_event_ && wait_beside_ring(left)) return;
  if (taken && wait_in_ring(left)) return;
  // The kernel lacks memory: it is asked again, but not all the time.
  std::this_thread::sleep_for(std::min<Duration>(left.value_or(refusal_pause), refusal_pause));
}

/// Sleeps until there is a completion. False when the kernel refuses to.
bool UringRing::wait_in_ring(std::optional<Duration> left) {
  const timespec time = as_timespec(left.value_or(Duration::zero()));
  const __kernel_timespec limit{.tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec};
  io_uring_getevents_arg argument{};
  argument.sigmask_sz = _NSIG / 8;
  if (left) argument.ts = reinterpret_cast<std::uintptr_t>(&limit);
  const unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG |
                         (features_.no_iowait ? enter_no_iowait : 0U) |
                         (features_.registered ? IORING_ENTER_REGISTERED_RING : 0U);
  const int answer = io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), 0, 1, flags,
                                     reinterpret_cast<sigset_t*>(&argument), sizeof argument);
  FLUSH_ASSERT(answer >= 0 || is_weather(answer));
  return answer >= 0 || answer == -ETIME || answer == -EINTR;
}

/// The same in ppoll(2). False when that is forbidden here.
bool UringRing::wait_beside_ring(std::optional<Duration> left) {
  pollfd entry{.fd = work_event_.get(), .events = POLLIN, .revents = 0};
  const timespec limit = as_timespec(left.value_or(Duration::zero()));
  io_uring_cq_eventfd_toggle(&ring_, true);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  int ready = 0;
  if (!has_news()) ready = ::ppoll(&entry, 1, left ? &limit : nullptr, nullptr);  // else it came before
  const bool forbidden = ready < 0 && errno != EINTR;
  io_uring_cq_eventfd_toggle(&ring_, false);
  std::uint64_t count = 0;
  if (ready > 0) static_cast<void>(!::read(work_event_.get(), &count, sizeof count));
  const int answer = io_uring_get_events(&ring_);
  FLUSH_ASSERT(answer >= 0 || is_weather(answer));
  return !forbidden;
}

void UringRing::turn(std::optional<Instant> until, std::vector<Op*>& completed) {
  start_waiting();
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
  report(op, completed);
}

void UringRing::report(Op& op, std::vector<Op*>& completed) {
  if (op.collected) return;
  op.collected = true;
  completed.push_back(&op);
}

Result<Fd> UringRing::accept(int listener) {
  return accept_from(listener);
}

Result<Fd> UringRing::unix_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return last_error();
  return Fd{fd};
}

}  // namespace uflush
