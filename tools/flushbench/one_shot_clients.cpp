#include "tools/flushbench/one_shot_clients.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/support/failure.hpp"
#include "tests/support/flush_client.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::bench {
namespace {

constexpr std::string_view reply_ok{"status\0000\0\0", 10};
constexpr std::string_view list_end{"\0\0", 2};

}  // namespace

OneShotClients::OneShotClients(const std::string& socket_path, const LoadShape& shape)
    : address_(support::unix_address(socket_path)),
      requests_(shape.sites),
      clients_(shape.clients),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.is_open()) support::fail_errno("epoll_create1");
}

LoadResult OneShotClients::run(const LoadLimit& limit) {
  const LoadBudget budget(limit);
  result_ = {};
  latencies_.clear();
  started_ = 0;
  const double cpu_before = thread_cpu_seconds();
  const Clock::time_point began = Clock::now();
  for (Client& client : clients_) begin(client, began, budget);
  std::vector<epoll_event> events(std::min<std::size_t>(clients_.size(), 256));
  while (busy_ > 0) {
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(support::patience.count()));
    if (ready < 0 && errno != EINTR) support::fail_errno("epoll_wait");
    if (ready == 0) support::fail("the server does not answer");
    for (int i = 0; i < ready; ++i)
      advance(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr), budget);
    connect_waiting();
  }
  result_.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  result_.client_cpu_seconds = thread_cpu_seconds() - cpu_before;
  result_.latency = latencies_.percentiles();
  result_.distribution = latencies_.distribution();
  return result_;
}

void OneShotClients::begin(Client& client, Clock::time_point now, const LoadBudget& budget) {
  if (budget.spent(started_, now)) return;
  ++started_;
  ++busy_;
  client.began = now;
  client.announced = false;
  client.received = 0;
  // First come, first served, as the kernel does with clients that block in connect(2).
  if (!waiting_.empty() || !connect(client)) waiting_.push_back(&client);
}

bool OneShotClients::connect(Client& client) const {
  support::OwnedFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket.is_open()) support::fail_errno("socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0) {
    if (errno == EAGAIN) return false;
    support::fail_errno(std::string("connect ") + address_.sun_path);
  }
  epoll_event wanted{.events = EPOLLIN, .data = {.ptr = &client}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &wanted) != 0) support::fail_errno("epoll_ctl");
  client.socket = std::move(socket);
  return true;
}

/// No event tells that the listener's queue has room again. But it can only be full of our own connections,
/// so there is always one more event to come.
void OneShotClients::connect_waiting() {
  while (!waiting_.empty() && connect(*waiting_.front())) waiting_.pop_front();
}

void OneShotClients::advance(Client& client, const LoadBudget& budget) {
  // A socket that is closed here lives on in a child between fork and exec, and so do its events.
  if (!client.socket.is_open()) return;
  char* const into = client.bytes.data() + client.received;
  const ssize_t count = ::recv(client.socket.get(), into, client.bytes.size() - client.received, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) support::fail_errno("recv");
  if (count == 0) support::fail("the server closed without a reply");
  client.received += static_cast<std::size_t>(count);
  const std::string_view text(client.bytes.data(), client.received);
  if (client.announced) {
    if (text.ends_with(list_end)) finish(client, budget);
    return;
  }
  if (text.size() < support::announcement_bytes.size()) return;
  if (text != support::announcement_bytes) support::fail("unexpected announcement");
  client.announced = true;
  client.received = 0;
  const std::string_view request = requests_.next();
  const ssize_t sent = ::send(client.socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) support::fail_errno("send");
}

void OneShotClients::finish(Client& client, const LoadBudget& budget) {
  const Clock::time_point now = Clock::now();
  latencies_.add_ns(std::chrono::nanoseconds(now - client.began).count());
  ++result_.requests;
  if (std::string_view(client.bytes.data(), client.received) != reply_ok) ++result_.refused;
  client.socket.reset();
  --busy_;
  begin(client, now, budget);
}

}  // namespace uflush::bench
