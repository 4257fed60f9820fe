#include "tools/flushbench/one_shot_clients.hpp"

#include <cerrno>
#include <string_view>

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
    : ClosedLoop(shape.clients),
      address_(support::unix_address(socket_path)),
      requests_(make_requests(shape)),
      clients_(shape.clients) {}

std::size_t OneShotClients::begin(std::size_t number) {
  clients_[number].announced = false;
  clients_[number].received = 0;
  // First come, first served, as the kernel does with clients that block in connect(2).
  if (!waiting_.empty() || !connect(number)) waiting_.push_back(number);
  return 1;
}

bool OneShotClients::connect(std::size_t number) {
  support::OwnedFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket.is_open()) support::fail_errno("socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0) {
    if (errno == EAGAIN) return false;
    support::fail_errno(std::string("connect ") + address_.sun_path);
  }
  poll_.add(socket.get(), number);
  clients_[number].socket = std::move(socket);
  return true;
}

void OneShotClients::turn() {
  poll_.wait([this](std::size_t number) { advance(number); });
  connect_waiting();
}

/// No event tells that the listener's queue has room again. But it can only be full of our own connections,
/// so there is always one more event to come.
void OneShotClients::connect_waiting() {
  while (!waiting_.empty() && connect(waiting_.front())) waiting_.pop_front();
}

void OneShotClients::advance(std::size_t number) {
  Client& client = clients_[number];
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
    if (text.ends_with(list_end)) finish(number);
    return;
  }
  if (text.size() < support::announcement_bytes.size()) return;
  if (text != support::announcement_bytes) support::fail("unexpected announcement");
  client.announced = true;
  client.received = 0;
  const std::string_view request = requests_->next();
  const ssize_t sent = ::send(client.socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) support::fail_errno("send");
}

void OneShotClients::finish(std::size_t number) {
  Client& client = clients_[number];
  const bool refused = std::string_view(client.bytes.data(), client.received) != reply_ok;
  client.socket.reset();
  finished(number, 1, refused ? 1 : 0);
}

}  // namespace uflush::bench
