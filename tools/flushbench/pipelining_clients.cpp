#include "tools/flushbench/pipelining_clients.hpp"

#include <cerrno>
#include <cstring>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/support/failure.hpp"
#include "tests/support/flush_client.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::bench {
namespace {

/// Blocking, so that a long batch is written whole; reads are only made when something is there.
support::OwnedFd open_connection(const sockaddr_un& address) {
  support::OwnedFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket.is_open()) support::fail_errno("socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    support::fail_errno(std::string("connect ") + address.sun_path);
  std::string greeting(support::announcement_bytes.size(), '\0');
  const ssize_t count = ::recv(socket.get(), greeting.data(), greeting.size(), MSG_WAITALL);
  if (count != static_cast<ssize_t>(greeting.size()) || greeting != support::announcement_bytes)
    support::fail("unexpected announcement");
  return socket;
}

}  // namespace

PipeliningClients::PipeliningClients(const std::string& socket_path, const LoadShape& shape)
    : requests_(shape.sites),
      batch_(shape.batch),
      clients_(shape.clients),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.is_open()) support::fail_errno("epoll_create1");
  for (std::size_t i = 0; i < batch_; ++i) expected_ += support::reply_bytes(support::status_ok);
  received_.resize(expected_.size());
  const sockaddr_un address = support::unix_address(socket_path);
  for (Client& client : clients_) {
    client.socket = open_connection(address);
    epoll_event wanted{.events = EPOLLIN, .data = {.ptr = &client}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.socket.get(), &wanted) != 0)
      support::fail_errno("epoll_ctl");
  }
}

LoadResult PipeliningClients::run(const LoadLimit& limit) {
  const LoadBudget budget(limit);
  result_ = {};
  latencies_.clear();
  started_ = 0;
  const double cpu_before = thread_cpu_seconds();
  const Clock::time_point began = Clock::now();
  for (Client& client : clients_) begin_batch(client, began, budget);
  std::vector<epoll_event> events(clients_.size());
  while (busy_ > 0) {
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(support::patience.count()));
    if (ready < 0 && errno != EINTR) support::fail_errno("epoll_wait");
    if (ready == 0) support::fail("the server does not answer");
    for (int i = 0; i < ready; ++i)
      advance(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr), budget);
  }
  result_.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  result_.client_cpu_seconds = thread_cpu_seconds() - cpu_before;
  result_.latency = latencies_.percentiles();
  result_.distribution = latencies_.distribution();
  return result_;
}

void PipeliningClients::begin_batch(Client& client, Clock::time_point now, const LoadBudget& budget) {
  if (budget.spent(started_, now)) return;
  started_ += batch_;
  ++busy_;
  client.began = now;
  client.received = 0;
  batch_text_.clear();
  for (std::size_t i = 0; i < batch_; ++i) batch_text_ += requests_.next();
  const ssize_t sent = ::send(client.socket.get(), batch_text_.data(), batch_text_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(batch_text_.size())) support::fail_errno("send");
}

void PipeliningClients::advance(Client& client, const LoadBudget& budget) {
  const std::size_t missing = expected_.size() - client.received;
  const ssize_t count = ::recv(client.socket.get(), received_.data(), missing, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) support::fail_errno("recv");
  if (count == 0) support::fail("the server closed before all replies");
  const auto arrived = static_cast<std::size_t>(count);
  if (std::memcmp(received_.data(), expected_.data() + client.received, arrived) != 0)
    support::fail("a pipelined add was refused");
  client.received += arrived;
  if (client.received < expected_.size()) return;
  const Clock::time_point now = Clock::now();
  latencies_.add_ns(std::chrono::nanoseconds(now - client.began).count());
  result_.requests += batch_;
  --busy_;
  begin_batch(client, now, budget);
}

}  // namespace uflush::bench
