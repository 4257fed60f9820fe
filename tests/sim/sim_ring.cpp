#include "tests/sim/sim_ring.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/sim/sim_listener.hpp"

namespace uflush {
namespace {

constexpr int delays_max = 3;

int fd_of(const OpArgs& args) {
  return std::visit([](const auto& request) { return request.fd; }, args);
}

/// Requests that receive do not wait for those that send.
bool is_inbound(const OpArgs& args) {
  const auto* poll = std::get_if<op::Poll>(&args);
  return std::holds_alternative<op::Recv>(args) || (poll != nullptr && (poll->events & POLLIN) != 0);
}

std::uint32_t events_now(int fd, std::uint32_t wanted) {
  pollfd entry{.fd = fd, .events = static_cast<short>(wanted), .revents = 0};
  FLUSH_ASSERT(::poll(&entry, 1, 0) >= 0);
  return static_cast<std::uint16_t>(entry.revents);
}

std::int32_t as_result(const Result<void>& outcome) {
  return outcome ? 0 : -outcome.error().number;
}

}  // namespace

RingFaults RingFaults::shuffled(Dice& dice) {
  RingFaults faults;
  faults.reorder = dice.chance(0.8);
  faults.delay = dice.draw_probability(0.5);
  faults.split_recv = dice.draw_probability(0.8);
  faults.split_send = dice.draw_probability(0.5);
  faults.short_send = dice.draw_probability(0.5);
  faults.end_of_multishot = dice.draw_probability(0.3);
  return faults;
}

RingFaults RingFaults::drawn(Dice& dice) {
  RingFaults faults = shuffled(dice);
  faults.recv_error = dice.draw_probability(0.1);
  faults.send_error = dice.draw_probability(0.1);
  faults.connect_error = dice.draw_probability(0.1);
  faults.accept_error = dice.draw_probability(0.1);
  return faults;
}

SimRing::SimRing(Dice& dice, SimClock& clock)
    : dice_(dice), clock_(clock), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  FLUSH_ASSERT(epoll_);
}

SimRing::~SimRing() {
  FLUSH_ASSERT(in_kernel() == 0);
  for (const auto& request : requests_)
    if (const auto* close = std::get_if<op::Close>(&request->args)) ::close(close->fd);
}

std::size_t SimRing::in_kernel() const noexcept {
  return static_cast<std::size_t>(std::count_if(requests_.begin(), requests_.end(),
                                                [](const auto& request) { return request->op != nullptr; }));
}

// ---- Taking requests in.

void SimRing::add(Op* op, const OpArgs& args) {
  auto request = std::make_unique<Request>();
  request->op = op;
  request->args = args;
  requests_.push_back(std::move(request));
}

void SimRing::submit(Op& op) {
  FLUSH_ASSERT(op.phase != Op::Phase::in_kernel);
  op.phase = Op::Phase::in_kernel;
  op.result = 0;
  add(&op, op.args);
}

void SimRing::cancel(Op& op) {
  FLUSH_ASSERT(op.phase == Op::Phase::in_kernel);
  for (const auto& request : requests_)
    if (request->op == &op) request->cancelled = true;
}

void SimRing::post_send(int fd, std::span<const std::byte> constant) {
  add(nullptr, op::Send{fd, constant});
}

void SimRing::post_close(Fd fd) {
  // A request that still uses the descriptor would hit whatever gets its number next.
  for (const auto& request : requests_)
    FLUSH_ASSERT(request->op == nullptr || fd_of(request->args) != fd.get());
  add(nullptr, op::Close{fd.release()});
}

Result<Fd> SimRing::accept(int listener) {
  if (next_accept_error) return Error{*std::exchange(next_accept_error, std::nullopt)};
  Fd fd{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)};
  if (!fd) return last_error();
  if (dice_.chance(faults.accept_error)) return Error{ECONNABORTED};
  return fd;
}

Result<Fd> SimRing::unix_socket() {
  Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return last_error();
  return fd;
}

// ---- The turn.

void SimRing::turn(std::optional<Instant> until, std::vector<Op*>& completed) {
  const bool acted = world != nullptr && world->act();
  const bool more_to_come = deliver(completed);
  if (acted || more_to_come || !completed.empty()) return;
  if (until && *until <= clock_.now()) return;
  if (world != nullptr && !world->let_time_pass(until)) return;
  FLUSH_ASSERT(until);  // otherwise nothing will ever happen again
  clock_.advance_to(*until);
}

/// Completes what can complete. True when something was held back, or got ahead without completing.
bool SimRing::deliver(std::vector<Op*>& completed) {
  collect_edges();
  progress_ = false;
  std::vector<Request*> order;
  for (const auto& request : requests_) order.push_back(request.get());
  if (faults.reorder) dice_.shuffle(order);
  for (Request* request : order) {
    const bool goes_ahead = request->op == nullptr || request->cancelled || is_ready(*request);
    if (must_wait(*request) || !goes_ahead) continue;
    if (request->times_delayed < delays_max && dice_.chance(faults.delay)) {
      ++request->times_delayed;
      progress_ = true;
      continue;
    }
    if (const Outcome outcome = attempt(*request)) complete(*request, *outcome, completed);
  }
  const std::size_t erased = std::erase_if(requests_, [](const auto& request) { return request->over; });
  const bool posted_completed = erased > 0;  // perhaps what another request of that descriptor waits for
  return progress_ || posted_completed;
}

/// An earlier request of the same descriptor, in the same direction, goes first; a close waits for all.
bool SimRing::must_wait(const Request& request) const {
  for (const auto& earlier : requests_) {
    if (earlier.get() == &request) return false;
    if (earlier->over || fd_of(earlier->args) != fd_of(request.args)) continue;
    if (std::holds_alternative<op::Close>(request.args)) return true;
    if (is_inbound(earlier->args) == is_inbound(request.args)) return true;
  }
  return false;
}

/// Whether the request would get ahead now.
bool SimRing::is_ready(const Request& request) {
  if (const auto* poll = std::get_if<op::Poll>(&request.args))
    return poll->multishot ? request.edges != 0 : events_now(poll->fd, poll->events) != 0;
  if (const auto* recv = std::get_if<op::Recv>(&request.args))
    return !recv->wait || events_now(recv->fd, POLLIN) != 0;
  if (const auto* send = std::get_if<op::Send>(&request.args)) return events_now(send->fd, POLLOUT) != 0;
  return true;
}

SimRing::Outcome SimRing::attempt(Request& request) {
  if (!request.cancelled) return perform(request);
  if (const auto* poll = std::get_if<op::Poll>(&request.args); poll != nullptr && poll->multishot)
    return -ECANCELED;
  if (is_ready(request) && dice_.chance(faults.completes_anyway))
    if (const Outcome outcome = perform(request)) return outcome;
  return request.sent > 0 ? static_cast<std::int32_t>(request.sent) : -ECANCELED;
}

void SimRing::complete(Request& request, std::int32_t result, std::vector<Op*>& completed) {
  const auto* poll = std::get_if<op::Poll>(&request.args);
  const bool more =
      poll != nullptr && poll->multishot && result > 0 && !dice_.chance(faults.end_of_multishot);
  if (!more) {
    request.over = true;
    if (request.watched) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, poll->fd, nullptr);
  }
  Op* const op = request.op;
  if (op == nullptr) return;
  op->result = result > 0 && op->result > 0 ? op->result | result : result;
  if (!more) op->phase = Op::Phase::done;
  request.times_delayed = 0;
  if (op->collected) return;
  op->collected = true;
  completed.push_back(op);
}

// ---- What the requests do.

SimRing::Outcome SimRing::perform(Request& request) {
  return std::visit([&](const auto& args) { return perform(request, args); }, request.args);
}

/// Like the kernel, a multishot poll tells at first what is there, and later what is new.
void SimRing::collect_edges() {
  for (const auto& request : requests_) {
    const auto* poll = std::get_if<op::Poll>(&request->args);
    if (poll == nullptr || !poll->multishot || request->watched) continue;
    epoll_event event{.events = poll->events | EPOLLET, .data = {.ptr = request.get()}};
    FLUSH_ASSERT(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, poll->fd, &event) == 0);
    request->watched = true;
  }
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Request*>(event.data.ptr)->edges |= event.events;
  }
}

SimRing::Outcome SimRing::perform(Request& request, const op::Poll& poll) {
  const std::uint32_t events =
      poll.multishot ? std::exchange(request.edges, 0) : events_now(poll.fd, poll.events);
  if (events == 0) return std::nullopt;
  return static_cast<std::int32_t>(events);
}

SimRing::Outcome SimRing::perform(Request& /*request*/, const op::Recv& recv) {
  if (events_now(recv.fd, POLLIN) != 0 && dice_.chance(faults.recv_error)) {
    ::shutdown(recv.fd, SHUT_RDWR);
    return -ECONNRESET;
  }
  std::size_t limit = recv.into.size();
  if (limit > 1 && dice_.chance(faults.split_recv))
    limit = dice_.between(1, std::min<std::size_t>(limit, 40));
  const ssize_t count = ::recv(recv.fd, recv.into.data(), limit, MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN && recv.wait) return std::nullopt;
  return count < 0 ? -errno : static_cast<std::int32_t>(count);
}

SimRing::Outcome SimRing::perform(Request& request, const op::Send& send) {
  const auto so_far = [&](int error) {
    return request.sent > 0 ? static_cast<std::int32_t>(request.sent) : -error;
  };
  if (dice_.chance(faults.send_error)) {
    ::shutdown(send.fd, SHUT_RDWR);
    return so_far(EPIPE);
  }
  std::span<const std::byte> rest = send.from.subspan(request.sent);
  if (rest.size() > 1 && dice_.chance(faults.split_send))
    rest = rest.first(dice_.between(1, rest.size() - 1));
  const ssize_t count = ::send(send.fd, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0 && errno == EAGAIN && request.op != nullptr) return std::nullopt;
  if (count < 0) return so_far(errno);
  request.sent += static_cast<std::size_t>(count);
  const bool is_short = request.op != nullptr && dice_.chance(faults.short_send);
  if (request.sent == send.from.size() || is_short) return static_cast<std::int32_t>(request.sent);
  progress_ = true;
  return std::nullopt;
}

SimRing::Outcome SimRing::perform(Request& /*request*/, const op::Connect& connect) {
  if (dice_.chance(faults.connect_error)) return -ECONNREFUSED;
  const char* path = connect.address->sun_path;
  if (disk != nullptr) return as_result(connect_to(*disk, path, connect.fd));
  const auto* address = reinterpret_cast<const sockaddr*>(connect.address);
  return ::connect(connect.fd, address, sizeof *connect.address) == 0 ? 0 : -errno;
}

SimRing::Outcome SimRing::perform(Request& /*request*/, const op::Close& close) {
  return ::close(close.fd) == 0 ? 0 : -errno;
}

SimRing::Outcome SimRing::perform(Request& /*request*/, const op::Sync& request) {
  if (sync) return as_result(sync(request.fd));
  return ::fdatasync(request.fd) == 0 ? 0 : -errno;
}

}  // namespace uflush
