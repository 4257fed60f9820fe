#include "core/failing_server.hpp"

#include <cerrno>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include <poll.h>

#include "core/passed_client.hpp"
#include "core/receive_buffer.hpp"
#include "protocol/flush_reply.hpp"
#include "protocol/request_decoder.hpp"

namespace uflush {
namespace {

/// Delivery agents of one machine; who comes in addition waits in the backlog until one of them has left.
constexpr std::size_t clients_max = 256;
/// Accepted in one go: then those who are connected have their turn.
constexpr std::size_t accepts_per_turn = 64;
/// From the first byte to the last: an agent sends its request at once.
constexpr std::chrono::seconds client_limit{10};
/// A request of a stock client is a few hundred bytes long.
constexpr std::size_t unread_bytes_max = std::size_t{64} * 1024;
/// To one client, whose socket takes that many without being read from.
constexpr std::size_t answers_max = 100;
/// When descriptors or memory run out.
constexpr std::chrono::milliseconds shortage_pause{100};

std::span<const std::byte> as_span(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// What one client has sent, and what it is told.
class Refusal {
 public:
  explicit Refusal(std::string_view stream_name) : decoder_(stream_name) {}

  [[nodiscard]] std::span<std::byte> space() { return buffer_.space(); }
  void received(std::size_t count) { buffer_.filled(count); }

  /// Answers the requests at hand. True: close the connection behind the answers.
  bool answer(Ring& ring, int fd, InputState input) {
    while (answers_ < answers_max) {
      const DecodeStep step = decoder_.decode(buffer_.text(), input);
      if (std::holds_alternative<NeedsMore>(step)) {
        const bool between_requests = answers_ > 0 && buffer_.text().empty();
        return input != InputState::more_may_come || between_requests ||
               buffer_.text().size() > unread_bytes_max || !buffer_.make_room();
      }
      if (const auto* hangup = std::get_if<Hangup>(&step)) {
        if (hangup->reply) ring.post_send(fd, as_span(reply_bytes(*hangup->reply)));
        return true;
      }
      ++answers_;
      ring.post_send(fd, as_span(reply_bytes(Status::fail)));
      buffer_.consume(std::get<Decoded>(step).consumed_bytes);
    }
    return true;
  }

 private:
  RequestDecoder decoder_;
  ReceiveBudget budget_;  ///< of its own: `unread_bytes_max` is the bound here
  ReceiveBuffer buffer_{budget_};
  std::size_t answers_ = 0;
};

/// How a receive ended that brought no bytes; nothing when the client is to be dropped.
std::optional<InputState> end_of(const Result<std::size_t>& count) {
  if (count) return InputState::end_of_input;
  const int error = count.error().number;
  if (error == ETIMEDOUT || error == ECANCELED) return std::nullopt;
  return InputState::end_of_input;  // reset
}

}  // namespace

FailingServer::FailingServer(Loop& loop, Log& log, FailingServerSurroundings surroundings)
    : loop_(loop), log_(log), around_(std::move(surroundings)), client_left_(loop) {}

Task<void> FailingServer::run() {
  const Instant end = loop_.now() + answer_time_when_broken;
  Scope watchers;
  for (const int listener : around_.listeners) watchers.spawn(accept_clients(listener));
  if (around_.master != nullptr) watchers.spawn(watch_master());
  for (auto& watched : around_.watches) watchers.spawn(watch(watched));
  static_cast<void>(co_await Sleep{loop_, end, over_});
  over_.request_stop();
  co_await watchers.join();
  co_await clients_.join();
  report();
}

Task<void> FailingServer::accept_clients(int listener) {
  Readiness readiness(loop_, listener);
  while (!over_.stop_requested()) {
    const auto ready = co_await readiness.wait(over_);
    if (!ready) break;
    for (std::size_t accepted_count = 1; !over_.stop_requested(); ++accepted_count) {
      if (clients_.size() >= clients_max) {
        co_await client_left_.wait(over_);
        continue;
      }
      if (accepted_count % accepts_per_turn == 0)
        static_cast<void>(co_await Sleep{loop_, loop_.now(), over_});
      auto accepted = loop_.ring().accept(listener);
      if (accepted) {
        clients_.spawn(serve(std::move(accepted).value()));
        continue;
      }
      const int error = accepted.error().number;
      if (error == EAGAIN) break;
      if (error == EINTR || error == ECONNABORTED) continue;
      static_cast<void>(co_await Sleep{loop_, loop_.now() + shortage_pause, over_});
    }
  }
  co_await readiness.close();
}

Task<void> FailingServer::serve(Fd socket) {
  if (around_.descriptors_are_passed) {
    const Patience patience{.deadline = loop_.now() + client_limit, .stop = over_};
    auto passed = co_await receive_passed_client(loop_, log_, std::move(socket), patience);
    if (passed) co_await answer(std::move(passed).value());
  } else {
    co_await answer(std::move(socket));
  }
  report();
  client_left_.notify();
}

Task<void> FailingServer::answer(Fd socket) {
  Ring& ring = loop_.ring();
  if (around_.announces) ring.post_send(socket.get(), as_span(announcement));
  const Patience patience{.deadline = loop_.now() + client_limit, .stop = over_};
  Refusal refusal(around_.stream_name);
  for (bool over = false; !over;) {
    const auto count = co_await Operation{loop_, op::Recv{socket.get(), refusal.space()}, patience};
    std::optional<InputState> input = InputState::more_may_come;
    if (count && count.value() > 0) {
      refusal.received(count.value());
    } else {
      input = end_of(count);
    }
    over = !input || refusal.answer(ring, socket.get(), *input);
  }
  ring.post_close(std::move(socket));
}

Task<void> FailingServer::watch_master() {
  const op::Poll poll{.fd = around_.master->fd(), .events = POLLIN};
  const auto readable = co_await Operation{loop_, poll, {.stop = over_}};
  if (readable || readable.error().number != ECANCELED) over_.request_stop();
}

Task<void> FailingServer::watch(FailingServerSurroundings::Watch& watched) {
  const op::Poll poll{.fd = watched.fd, .events = POLLIN};
  while (!watched.must_end()) {
    const auto readable = co_await Operation{loop_, poll, {.stop = over_}};
    if (!readable) co_return;
  }
  over_.request_stop();
}

void FailingServer::report() {
  if (std::exchange(reported_, true) || around_.master == nullptr) return;
  around_.master->report_taken();
  static_cast<void>(around_.master->report_available());
}

}  // namespace uflush
