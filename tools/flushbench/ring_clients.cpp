#include "tools/flushbench/ring_clients.hpp"

#include <cerrno>
#include <string_view>
#include <utility>

#include <sys/socket.h>

#include "tests/support/failure.hpp"
#include "tests/support/flush_client.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::bench {
namespace {

constexpr std::string_view reply_ok{"status\0000\0\0", 10};
constexpr std::string_view list_end{"\0\0", 2};
constexpr unsigned ring_entries = 2048;
constexpr unsigned chain_entries = 6;
/// master(8) listens with this backlog. A connect beyond it would wait in the kernel in a thread of its own.
constexpr std::size_t backlog = 100;
constexpr __kernel_timespec patience{300, 0};
constexpr unsigned step_bits = 8;

[[noreturn]] void fail_with(const std::string& what, int result) {
  errno = -result;
  support::fail_errno(what);
}

}  // namespace

std::unique_ptr<RingClients> RingClients::make(const std::string& socket_path, const LoadShape& shape) {
  std::unique_ptr<RingClients> clients(new RingClients(socket_path, shape));
  if (!clients->set_up()) return nullptr;
  return clients;
}

RingClients::RingClients(const std::string& socket_path, const LoadShape& shape)
    : ClosedLoop(shape.clients),
      address_(support::unix_address(socket_path)),
      requests_(make_requests(shape)),
      clients_(shape.clients) {}

RingClients::~RingClients() {
  if (ring_) ::io_uring_queue_exit(&*ring_);
}

bool RingClients::set_up() {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
  parameters.cq_entries = 32 * ring_entries;
  io_uring ring{};
  if (::io_uring_queue_init_params(ring_entries, &ring, &parameters) != 0) return false;
  ring_ = ring;
  if (::io_uring_register_files_sparse(&*ring_, static_cast<unsigned>(clients_.size())) != 0) return false;
  ::io_uring_register_ring_fd(&*ring_);
  return true;
}

std::size_t RingClients::begin(std::size_t number) {
  clients_[number].request = requests_->next();
  // First come, first served, as the kernel does with clients that block in connect(2).
  waiting_.push_back(number);
  start_waiting();
  return 1;
}

void RingClients::start_waiting() {
  while (connecting_ < backlog && !waiting_.empty()) {
    start_chain(waiting_.front());
    waiting_.pop_front();
  }
}

io_uring_sqe* RingClients::entry() {
  io_uring_sqe* const sqe = ::io_uring_get_sqe(&*ring_);
  if (sqe == nullptr) support::fail("io_uring has no room");
  return sqe;
}

void RingClients::label(io_uring_sqe& sqe, std::size_t number, Step step, unsigned flags) {
  sqe.user_data = number << step_bits | static_cast<std::uint64_t>(step);
  sqe.flags = static_cast<std::uint8_t>(flags);
}

void RingClients::start_chain(std::size_t number) {
  // A chain ends where a submission ends.
  if (::io_uring_sq_space_left(&*ring_) < chain_entries) ::io_uring_submit(&*ring_);
  Client& client = clients_[number];
  client.received = 0;
  ++connecting_;
  constexpr unsigned quiet_link = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
  const auto slot = static_cast<int>(number);
  if (std::exchange(client.has_socket, true)) {
    io_uring_sqe* const close = entry();
    ::io_uring_prep_close_direct(close, static_cast<unsigned>(slot));
    label(*close, number, Step::close, quiet_link);
  }
  io_uring_sqe* const socket = entry();
  ::io_uring_prep_socket_direct(socket, AF_UNIX, SOCK_STREAM, 0, static_cast<unsigned>(slot), 0);
  label(*socket, number, Step::socket, quiet_link);
  io_uring_sqe* const connect = entry();
  ::io_uring_prep_connect(connect, slot, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
  label(*connect, number, Step::connect, quiet_link | IOSQE_FIXED_FILE);
  io_uring_sqe* const announcement = entry();
  ::io_uring_prep_recv(announcement, slot, client.announcement.data(), support::announcement_bytes.size(),
                       MSG_WAITALL);
  label(*announcement, number, Step::announcement, IOSQE_IO_LINK | IOSQE_FIXED_FILE);
  io_uring_sqe* const send = entry();
  ::io_uring_prep_send(send, slot, client.request.data(), client.request.size(), MSG_NOSIGNAL | MSG_WAITALL);
  label(*send, number, Step::send, quiet_link | IOSQE_FIXED_FILE);
  receive_reply(number);
}

void RingClients::receive_reply(std::size_t number) {
  Client& client = clients_[number];
  io_uring_sqe* const reply = entry();
  ::io_uring_prep_recv(reply, static_cast<int>(number), client.reply.data() + client.received,
                       client.reply.size() - client.received, 0);
  label(*reply, number, Step::reply, IOSQE_FIXED_FILE);
}

void RingClients::turn() {
  io_uring_cqe* first = nullptr;
  auto limit = patience;
  const int error = ::io_uring_submit_and_wait_timeout(&*ring_, &first, 1, &limit, nullptr);
  if (error == -ETIME) support::fail("the server does not answer");
  if (error < 0 && error != -EINTR && error != -EAGAIN && error != -EBUSY) fail_with("io_uring_enter", error);
  std::array<io_uring_cqe*, 256> completions;
  for (;;) {
    const unsigned count = ::io_uring_peek_batch_cqe(&*ring_, completions.data(), completions.size());
    for (unsigned i = 0; i < count; ++i)
      handle(completions[i]->user_data >> step_bits, static_cast<Step>(completions[i]->user_data & 0xff),
             completions[i]->res);
    ::io_uring_cq_advance(&*ring_, count);
    if (count < completions.size()) break;
  }
  start_waiting();
}

void RingClients::handle(std::size_t number, Step step, int result) {
  switch (step) {
    case Step::announcement:
      return handle_announcement(clients_[number], result);
    case Step::reply:
      return handle_reply(number, result);
    case Step::connect:
      return fail_with(std::string("connect ") + address_.sun_path, result);
    case Step::close:
    case Step::socket:
    case Step::send:
      return fail_with("talk to " + std::string(address_.sun_path), result);
  }
}

void RingClients::handle_announcement(Client& client, int result) {
  if (result < 0) fail_with("recv", result);
  if (std::string_view(client.announcement.data(), static_cast<std::size_t>(result)) !=
      support::announcement_bytes)
    support::fail(result == 0 ? "the server closed without a word" : "unexpected announcement");
  --connecting_;
}

void RingClients::handle_reply(std::size_t number, int result) {
  if (result < 0) fail_with("recv", result);
  if (result == 0) support::fail("the server closed without a reply");
  Client& client = clients_[number];
  client.received += static_cast<std::size_t>(result);
  const std::string_view reply(client.reply.data(), client.received);
  if (!reply.ends_with(list_end)) return receive_reply(number);
  finished(number, 1, reply == reply_ok ? 0 : 1);
}

}  // namespace uflush::bench
