#include "tools/flushbench/closed_loop.hpp"

#include <array>
#include <cerrno>

#include <sys/epoll.h>

#include "tests/support/failure.hpp"

namespace uflush::bench {
namespace {

/// A send of many messages is one request, too.
constexpr int patience_ms = 300'000;

}  // namespace

LoadResult ClosedLoop::run(const LoadLimit& limit) {
  limit_ = limit;
  result_ = {};
  latencies_.clear();
  started_ = 0;
  const double cpu_before = thread_cpu_seconds();
  const Clock::time_point run_began = Clock::now();
  ends_at_ = run_began + limit.duration;
  for (std::size_t client = 0; client < clients(); ++client) begin_unless_spent(client, Clock::now());
  while (busy_ > 0) turn();
  result_.seconds = std::chrono::duration<double>(Clock::now() - run_began).count();
  result_.client_cpu_seconds = thread_cpu_seconds() - cpu_before;
  result_.latency = latencies_.percentiles();
  result_.distribution = latencies_.distribution();
  return result_;
}

bool ClosedLoop::spent(Clock::time_point now) const {
  if (limit_.stop != nullptr && limit_.stop->load(std::memory_order_relaxed)) return true;
  return limit_.requests ? started_ >= *limit_.requests : now >= ends_at_;
}

void ClosedLoop::begin_unless_spent(std::size_t client, Clock::time_point now) {
  if (spent(now)) return;
  ++busy_;
  began_[client] = now;
  started_ += begin(client);
}

void ClosedLoop::finished(std::size_t client, std::size_t requests, std::size_t refused) {
  const Clock::time_point now = Clock::now();
  latencies_.add_ns(std::chrono::nanoseconds(now - began_[client]).count());
  result_.requests += requests;
  result_.refused += refused;
  --busy_;
  begin_unless_spent(client, now);
}

ClientPoll::ClientPoll() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.is_open()) support::fail_errno("epoll_create1");
}

void ClientPoll::add(int socket, std::size_t client) const {
  epoll_event wanted{.events = EPOLLIN, .data = {.u64 = client}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &wanted) != 0) support::fail_errno("epoll_ctl");
}

void ClientPoll::wait(const std::function<void(std::size_t client)>& readable) const {
  std::array<epoll_event, 256> events;
  const int ready = ::epoll_wait(epoll_.get(), events.data(), events.size(), patience_ms);
  if (ready < 0 && errno != EINTR) support::fail_errno("epoll_wait");
  if (ready == 0) support::fail("the server does not answer");
  for (int i = 0; i < ready; ++i) readable(events[static_cast<std::size_t>(i)].data.u64);
}

}  // namespace uflush::bench
