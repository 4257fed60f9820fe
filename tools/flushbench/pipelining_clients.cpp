#include "tools/flushbench/pipelining_clients.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

#include "tests/support/failure.hpp"
#include "tests/support/flush_client.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::bench {
namespace {

/// A client that stays shows it by so many requests in its first write.
constexpr std::size_t first_batch_min = 2;

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
    : ClosedLoop(shape.clients),
      requests_(make_requests(shape)),
      batch_(shape.batch),
      clients_(shape.clients) {
  for (std::size_t i = 0; i < std::max(batch_, first_batch_min); ++i)
    expected_ += support::reply_bytes(support::status_ok);
  received_.resize(expected_.size());
  const sockaddr_un address = support::unix_address(socket_path);
  for (std::size_t number = 0; number < clients_.size(); ++number) {
    clients_[number].socket = open_connection(address);
    poll_.add(clients_[number].socket.get(), number);
  }
}

std::size_t PipeliningClients::begin(std::size_t number) {
  Client& client = clients_[number];
  client.received = 0;
  client.batch = client.has_shown ? batch_ : std::max(batch_, first_batch_min);
  client.has_shown = true;
  batch_text_.clear();
  for (std::size_t i = 0; i < client.batch; ++i) batch_text_ += requests_->next();
  const ssize_t sent = ::send(client.socket.get(), batch_text_.data(), batch_text_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(batch_text_.size())) support::fail_errno("send");
  return client.batch;
}

void PipeliningClients::turn() {
  poll_.wait([this](std::size_t number) { advance(number); });
}

void PipeliningClients::advance(std::size_t number) {
  Client& client = clients_[number];
  const std::size_t wanted = client.batch * (expected_.size() / std::max(batch_, first_batch_min));
  const std::size_t missing = wanted - client.received;
  const ssize_t count = ::recv(client.socket.get(), received_.data(), missing, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) support::fail_errno("recv");
  if (count == 0) support::fail("the server closed before all replies");
  const auto arrived = static_cast<std::size_t>(count);
  if (std::memcmp(received_.data(), expected_.data() + client.received, arrived) != 0)
    support::fail("a pipelined request was refused");
  client.received += arrived;
  if (client.received == wanted) finished(number, client.batch, 0);
}

}  // namespace uflush::bench
