#include "io/epoll_ring.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include <linux/time_types.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/older_calls.hpp"
#include "io/optional_calls.hpp"

namespace uflush {
namespace {

constexpr std::size_t events_per_turn_max = 256;
/// Stands for the wakeup of the sync threads among the data of epoll.
constexpr std::uint64_t synced = ~std::uint64_t{0};

constexpr std::uint32_t broken = EPOLLERR | EPOLLHUP;
constexpr std::uint32_t readable = EPOLLIN | broken;
constexpr std::uint32_t writable = EPOLLOUT | broken;

std::uint64_t as_data(int fd, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd);
}

int fd_of(const Op& op) {
  return std::visit([](const auto& args) { return args.fd; }, op.args);
}

bool is_multishot(const Op& op) {
  const auto* poll = std::get_if<op::Poll>(&op.args);
  return poll != nullptr && poll->multishot;
}

std::uint32_t events_of(const Op& op) {
  if (const auto* poll = std::get_if<op::Poll>(&op.args)) return poll->events;
  return EPOLLIN;
}

std::int32_t receive(const op::Recv& recv) {
  const Result<std::size_t> received = receive_now(recv.fd, recv.into);
  return received ? static_cast<std::int32_t>(received.value()) : -received.error().number;
}

/// Adds to `sent` what the socket takes now. False: it takes no more for the moment. An errno ends it too.
bool send_on(int fd, std::span<const std::byte> bytes, std::size_t& sent, int& error) {
  do {
    const auto rest = bytes.subspan(sent);
    const ssize_t count = ::send(fd, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
      error = errno;
      return error != EAGAIN;
    }
    sent += static_cast<std::size_t>(count);
  } while (sent < bytes.size());
  return true;
}

/// For epoll_wait, which counts milliseconds: never too early.
int milliseconds_until(std::optional<Duration> left) {
  if (!left) return -1;
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*left).count();
  return static_cast<int>(std::min<std::int64_t>(whole, INT_MAX));
}

/// For kernels since 5.11. By number: the function came to glibc later.
int epoll_wait_precisely(int epoll, std::span<epoll_event> events, std::optional<Duration> left) {
#ifdef SYS_epoll_pwait2
  __kernel_timespec limit{};
  if (left) limit = {.tv_sec = left->count() / 1'000'000'000, .tv_nsec = left->count() % 1'000'000'000};
  return static_cast<int>(
      ::syscall(SYS_epoll_pwait2, epoll, events.data(), events.size(), left ? &limit : nullptr, nullptr, 0));
#else
  errno = ENOSYS;
  return -1;
#endif
}

}  // namespace

Result<std::unique_ptr<EpollRing>> EpollRing::create() {
  TRY(epoll, open_epoll());
  TRY(wakeup, Wakeup::create());
  epoll_event event{.events = EPOLLIN, .data = {.u64 = synced}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakeup.fd(), &event) != 0) return last_error();
  return std::unique_ptr<EpollRing>(new EpollRing(std::move(epoll), std::move(wakeup)));
}

EpollRing::~EpollRing() {
  FLUSH_ASSERT(in_kernel_ == 0);
}

// ---- Taking requests in.

/// Does what can be done at once.
struct EpollRing::Submit {
  EpollRing& ring;
  Op& op;

  void operator()(const op::Poll& poll) const { ring.wait_for(poll.fd, op, poll.events); }
  void operator()(const op::Recv& recv) const {
    if (recv.wait) {
      ring.wait_for(recv.fd, op, EPOLLIN);
    } else {
      ring.finish(op, receive(recv));
    }
  }
  void operator()(const op::Send& send) const { ring.send_or_queue(send.fd, {&op, send.from}); }
  void operator()(const op::Connect& connect) const {
    const auto* address = reinterpret_cast<const sockaddr*>(connect.address);
    ring.finish(op, ::connect(connect.fd, address, sizeof *connect.address) == 0 ? 0 : -errno);
  }
  void operator()(const op::Close& close) const { ring.finish(op, ring.close(close.fd)); }
  void operator()(const op::Sync& /*sync*/) const { ring.sync_threads_.submit(op); }
};

void EpollRing::submit(Op& op) {
  FLUSH_ASSERT(op.phase != Op::Phase::in_kernel);
  op.phase = Op::Phase::in_kernel;
  op.result = 0;
  ++in_kernel_;
  if (fd_of(op) < 0) return finish(op, -EBADF);
  std::visit(Submit{*this, op}, op.args);
}

void EpollRing::cancel(Op& op) {
  FLUSH_ASSERT(op.phase == Op::Phase::in_kernel);
  if (std::holds_alternative<op::Sync>(op.args)) {
    if (sync_threads_.take_back(op)) finish(op, -ECANCELED);
    return;
  }
  const int fd = fd_of(op);
  if (fd < 0) return;
  Descriptor& there = descriptor(fd);
  const auto queued = std::find_if(there.unsent.begin(), there.unsent.end(),
                                   [&](const Outgoing& outgoing) { return outgoing.op == &op; });
  if (std::erase(there.waiting, &op) > 0) {
    finish(op, -ECANCELED);
    if (is_multishot(op)) stop_watching(fd);
    if (there.waiting.empty() && there.unsent.empty()) there.armed = 0;
  } else if (queued != there.unsent.end()) {
    finish(op, queued->sent > 0 ? static_cast<std::int32_t>(queued->sent) : -ECANCELED);
    there.unsent.erase(queued);
  }  // else it is over, and the turn has yet to say so
}

void EpollRing::post_send(int fd, std::span<const std::byte> constant) {
  if (!descriptor(fd).unsent.empty()) return;  // the socket is full
  std::size_t sent = 0;
  int error = 0;
  send_on(fd, constant, sent, error);
}

void EpollRing::post_close(Fd fd) {
  static_cast<void>(close(fd.release()));
}

Result<Fd> EpollRing::accept(int listener) {
  TRY(client, accept_from(listener));
  forget(client.get());
  return std::move(client);
}

Result<Fd> EpollRing::unix_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return last_error();
  forget(fd);
  return Fd{fd};
}

// ---- Descriptors.

EpollRing::Descriptor& EpollRing::descriptor(int fd) {
  const auto number = static_cast<std::size_t>(fd);
  if (number >= descriptors_.size()) descriptors_.resize(number + 1);
  return descriptors_[number];
}

/// The number belongs to another file from now on.
void EpollRing::forget(int fd) {
  Descriptor& there = descriptor(fd);
  FLUSH_ASSERT(there.waiting.empty());
  there.unsent.clear();
  there.armed = 0;
  there.registered = false;
}

void EpollRing::wait_for(int fd, Op& op, std::uint32_t events) {
  Descriptor& there = descriptor(fd);
  there.waiting.push_back(&op);
  const bool will_be_told =
      (there.armed & EPOLLONESHOT) != 0 && (events & ~there.armed) == 0 && !is_multishot(op);
  if (!will_be_told) arm(fd);
}

/// Asks epoll to tell of what is waited for at this descriptor, starting with what is there already.
void EpollRing::arm(int fd) {
  Descriptor& there = descriptor(fd);
  std::uint32_t events = there.unsent.empty() ? 0 : std::uint32_t{EPOLLOUT};
  for (const Op* op : there.waiting) events |= events_of(*op);
  const bool edges =
      std::any_of(there.waiting.begin(), there.waiting.end(), [](const Op* op) { return is_multishot(*op); });
  events |= edges ? EPOLLET : EPOLLONESHOT;
  const int error = tell_epoll(fd, events);
  if (error == 0) {
    there.armed = events;
  } else if (error == EPERM) {
    on_ready(fd, EPOLLIN | EPOLLOUT, true);  // a plain file: it never makes anybody wait
  } else {
    for (Op* op : std::exchange(there.waiting, {})) finish(*op, -error);
    for (const Outgoing& outgoing : std::exchange(there.unsent, {})) finish(*outgoing.op, -error);
  }
}

/// 0 or an errno. Only epoll knows for sure whether this descriptor is registered: the number may be that of
/// another file by now.
int EpollRing::tell_epoll(int fd, std::uint32_t events) {
  Descriptor& there = descriptor(fd);
  epoll_event event{.events = events, .data = {.u64 = as_data(fd, there.generation)}};
  if (there.registered) {
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0) return 0;
    if (errno != ENOENT) return errno;
  }
  event.data.u64 = as_data(fd, ++there.generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0 &&
      !(errno == EEXIST && ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0))
    return errno;
  there.registered = true;
  return 0;
}

/// Ends the edges, which would go on for as long as the file is open, perhaps in other processes.
void EpollRing::stop_watching(int fd) {
  Descriptor& there = descriptor(fd);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  there.registered = false;
  there.armed = 0;
  if (!there.waiting.empty() || !there.unsent.empty()) arm(fd);
}

/// 0 or a negative errno. Nobody may wait for the descriptor.
std::int32_t EpollRing::close(int fd) {
  Descriptor& there = descriptor(fd);
  FLUSH_ASSERT(there.waiting.empty() && there.unsent.empty());
  there.armed = 0;
  there.registered = false;
  return ::close(fd) == 0 ? 0 : -errno;
}

// ---- Sending.

void EpollRing::send_or_queue(int fd, const Outgoing& outgoing) {
  Descriptor& there = descriptor(fd);
  there.unsent.push_back(outgoing);
  if (there.unsent.size() > 1) return;  // behind what waits already
  send_queued(fd);
  if (!there.unsent.empty()) arm(fd);
}

/// Sends what is queued, as far as it goes.
void EpollRing::send_queued(int fd) {
  Descriptor& there = descriptor(fd);
  auto next = there.unsent.begin();
  for (; next != there.unsent.end(); ++next) {
    int error = 0;
    if (!send_on(fd, next->bytes, next->sent, error)) break;
    finish(*next->op, error == 0 || next->sent > 0 ? static_cast<std::int32_t>(next->sent) : -error);
  }
  there.unsent.erase(there.unsent.begin(), next);
}

// ---- The turn.

void EpollRing::turn(std::optional<Instant> until, std::vector<Op*>& completed) {
  std::array<epoll_event, events_per_turn_max> events;
  const int count = wait(finished_.empty() ? until : Instant::min(), events);
  for (int i = 0; i < count; ++i) on_event(events[static_cast<std::size_t>(i)]);
  for (Op* op : finished_) {
    if (op->result > 0 && is_multishot(*op) && is_waiting(*op)) continue;  // more may come
    op->phase = Op::Phase::done;
    --in_kernel_;
  }
  completed.insert(completed.end(), finished_.begin(), finished_.end());
  finished_.clear();
}

int EpollRing::wait(std::optional<Instant> until, std::span<epoll_event> events) {
  std::optional<Duration> left;
  if (until && *until == Instant::min()) {
    left = Duration::zero();
  } else if (until) {
    left = std::max(Duration::zero(), Duration(*until - std::chrono::steady_clock::now()));
  }
  int count = -1;
  const bool precisely = may_use(OptionalCall::epoll_pwait2);
  if (precisely) count = epoll_wait_precisely(epoll_.get(), events, left);
  if (!precisely || (count < 0 && is_refused(OptionalCall::epoll_pwait2, errno)))
    count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), milliseconds_until(left));
  FLUSH_ASSERT(count >= 0 || errno == EINTR);
  return count;
}

void EpollRing::on_event(const epoll_event& event) {
  if (event.data.u64 == synced) {
    for (const SyncThreads::Outcome& outcome : sync_threads_.collect()) finish(*outcome.op, outcome.result);
    return;
  }
  const int fd = static_cast<int>(event.data.u64 & 0xffffffff);
  Descriptor& there = descriptor(fd);
  if (event.data.u64 != as_data(fd, there.generation)) return;  // about a file that had this number before
  const bool told_once = (there.armed & EPOLLONESHOT) != 0;
  if (told_once) there.armed = 0;
  on_ready(fd, event.events, false);
  if (told_once && !(there.waiting.empty() && there.unsent.empty())) arm(fd);
}

/// Lets those get ahead who wait for one of `events`. `last`: there will be no other.
void EpollRing::on_ready(int fd, std::uint32_t events, bool last) {
  Descriptor& there = descriptor(fd);
  if ((events & writable) != 0 && !there.unsent.empty()) send_queued(fd);
  std::erase_if(there.waiting, [&](Op* op) { return attempt(*op, events, last); });
}

/// True when the op is over.
bool EpollRing::attempt(Op& op, std::uint32_t events, bool last) {
  if (const auto* recv = std::get_if<op::Recv>(&op.args)) {
    if ((events & readable) == 0) return false;
    const std::int32_t result = receive(*recv);
    if (result == -EAGAIN) return false;
    finish(op, result);
    return true;
  }
  const auto& poll = std::get<op::Poll>(op.args);
  const std::uint32_t there = events & (poll.events | broken);
  if (there == 0) return false;
  finish(op, static_cast<std::int32_t>(there));
  return last || !poll.multishot;
}

/// Keeps a completion for the turn. A multishot poll gathers its events.
void EpollRing::finish(Op& op, std::int32_t result) {
  op.result = is_multishot(op) && result > 0 && op.result > 0 ? op.result | result : result;
  if (op.collected) return;
  op.collected = true;
  finished_.push_back(&op);
}

bool EpollRing::is_waiting(const Op& op) const {
  const auto& waiting = descriptors_[static_cast<std::size_t>(fd_of(op))].waiting;
  return std::find(waiting.begin(), waiting.end(), &op) != waiting.end();
}

}  // namespace uflush
