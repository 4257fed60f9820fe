#include "core/connection.hpp"

#include <optional>
#include <utility>

#include <boost/container/small_vector.hpp>

#include "core/receive_buffer.hpp"
#include "io/operation.hpp"
#include "protocol/request_decoder.hpp"

namespace uflush {
namespace {

/// How a second request begins that follows the first one in the same piece.
constexpr std::string_view request_begin{"request\0", 8};
/// What is gathered at most before requests are looked at.
constexpr std::size_t gathered_bytes_max = std::size_t{256} * 1024;

std::span<const std::byte> as_span(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// The state of one conversation. Its member coroutines run one after the other.
class Conversation {
 public:
  Conversation(const ConnectionContext& context, Fd socket)
      : context_(context), socket_(std::move(socket)), decoder_(context.stream_name) {}

  Task<void> run();

 private:
  /// What came, or nothing when the conversation is to be dropped.
  Task<std::optional<InputState>> receive();
  /// Executes what is at hand. False: answer what is pending, then close.
  Task<bool> handle(InputState input);
  /// False when the client does not take its answers: no further requests.
  Task<bool> execute(FlushRequest request);
  /// Sends the answers to everything so far, in order. False when the client does not take them.
  Task<bool> answer();
  Task<void> answer_and_close();
  Task<void> settle();
  Task<Result<std::size_t>> receive_some(bool wait);
  [[nodiscard]] bool more_requests_follow() const;
  void warn(std::string_view text) const;

  const ConnectionContext& context_;
  Fd socket_;
  RequestDecoder decoder_;
  ReceiveBuffer buffer_;
  boost::container::small_vector<PendingAnswer, 1> pending_;  ///< in the order of the requests
  bool kept_open_ = false;
};

Task<void> Conversation::run() {
  if (context_.config.uflush_announcement)
    context_.loop.ring().post_send(socket_.get(), as_span(announcement));
  bool more = true;
  while (more) {
    const std::optional<InputState> input = co_await receive();
    if (!input) break;
    more = co_await handle(*input);
    if (more) more = co_await answer();
  }
  co_await answer_and_close();
}

Task<std::optional<InputState>> Conversation::receive() {
  auto received = co_await receive_some(true);
  if (!received && received.error().number == ECANCELED && !context_.leaving.stop_requested()) {
    // Draining: what the client has sent by now is still served.
    received = co_await receive_some(false);
    if (!received && received.error().number == EAGAIN) co_return std::nullopt;
  }
  // A full buffer: what the client sent in one piece is to be seen in one piece.
  while (received && received.value() > 0 && buffer_.full() && buffer_.text().size() < gathered_bytes_max) {
    received = co_await receive_some(false);
    if (!received && received.error().number == EAGAIN) co_return InputState::more_may_come;
  }
  if (!received) {
    if (received.error().number == ECANCELED) co_return std::nullopt;
    if (received.error().number == ETIMEDOUT) co_return InputState::timed_out;
    co_return InputState::end_of_input;  // the client reset the connection
  }
  co_return received.value() == 0 ? InputState::end_of_input : InputState::more_may_come;
}

Task<Result<std::size_t>> Conversation::receive_some(bool wait) {
  const bool between_requests = kept_open_ && buffer_.text().empty();
  if (between_requests && wait) buffer_.shrink();
  const Patience patience{.deadline = context_.loop.now() + context_.config.ipc_timeout,
                          .stop = between_requests && wait ? context_.draining : context_.hurrying};
  const op::Recv recv{.fd = socket_.get(), .into = buffer_.space(), .wait = wait};
  auto received = co_await Operation{context_.loop, recv, patience};
  if (received) buffer_.filled(received.value());
  co_return received;
}

Task<bool> Conversation::handle(InputState input) {
  while (true) {
    const DecodeStep step = decoder_.decode(buffer_.text(), input);
    if (std::holds_alternative<NeedsMore>(step)) co_return input == InputState::more_may_come;
    if (const auto* hangup = std::get_if<Hangup>(&step)) {
      warn(hangup->warning);
      if (hangup->reply) pending_.emplace_back(*hangup->reply);
      co_return false;
    }
    const auto& decoded = std::get<Decoded>(step);
    warn(decoded.warning);
    const auto* add = std::get_if<AddRequest>(&decoded.request);
    if (auto started = add != nullptr ? context_.service.start_add(*add) : std::nullopt) {
      pending_.push_back(*std::move(started));
    } else if (!co_await execute(decoded.request)) {
      co_return false;
    }
    buffer_.consume(decoded.consumed_bytes);
    if (!kept_open_ && !more_requests_follow()) co_return false;
    kept_open_ = true;
  }
}

Task<bool> Conversation::execute(FlushRequest request) {
  Service& service = context_.service;
  if (const auto* add = std::get_if<AddRequest>(&request)) {
    std::string site(add->site);
    std::string queue_id(add->queue_id);
    pending_.push_back(
        co_await service.start_slow_add(std::move(site), std::move(queue_id), context_.leaving));
    co_return true;
  }
  // What follows may take long: whoever came before need not wait for it.
  if (!pending_.empty() && !co_await answer()) co_return false;
  if (const auto* send_site = std::get_if<SendSiteRequest>(&request)) {
    pending_.emplace_back(co_await service.send_site(std::string(send_site->site), context_.leaving));
  } else if (const auto* send_file = std::get_if<SendFileRequest>(&request)) {
    pending_.emplace_back(co_await service.send_file(std::string(send_file->queue_id)));
  } else {
    pending_.emplace_back(Status::ok);
    const bool heard = co_await answer();  // the work is done whether or not anybody listens
    if (std::holds_alternative<PurgeRequest>(request)) {
      co_await service.purge(context_.leaving);
    } else {
      co_await service.refresh(context_.leaving);
    }
    co_return heard;
  }
  co_return true;
}

Task<void> Conversation::settle() {
  for (PendingAnswer& pending : pending_) {
    const auto* append = std::get_if<Append>(&pending);
    if (append == nullptr) continue;
    const bool landed = co_await *append;
    pending = landed ? Status::ok : Status::fail;
  }
}

Task<bool> Conversation::answer() {
  co_await settle();
  std::string replies;
  for (const PendingAnswer& pending : pending_) replies += reply_bytes(std::get<Status>(pending));
  pending_.clear();
  if (replies.empty()) co_return true;
  const Patience patience{.deadline = context_.loop.now() + context_.config.ipc_timeout,
                          .stop = context_.hurrying};
  const op::Send send{.fd = socket_.get(), .from = as_span(replies)};
  const auto sent = co_await Operation{context_.loop, send, patience};
  co_return sent&& sent.value() == replies.size();
}

Task<void> Conversation::answer_and_close() {
  Ring& ring = context_.loop.ring();
  if (pending_.size() > 1) [[maybe_unused]]
    const bool heard = co_await answer();
  co_await settle();
  for (const PendingAnswer& last : pending_)
    ring.post_send(socket_.get(), as_span(reply_bytes(std::get<Status>(last))));
  ring.post_close(std::move(socket_));
}

bool Conversation::more_requests_follow() const {
  const std::string_view rest = buffer_.text();
  return !rest.empty() && (rest.starts_with(request_begin) || request_begin.starts_with(rest));
}

void Conversation::warn(std::string_view text) const {
  if (!text.empty()) context_.log.warning("{}", text);
}

}  // namespace

Task<void> serve_client(const ConnectionContext& context, Fd socket) {
  if (context.log.verbose() > 0) context.log.info("connection established");
  Conversation conversation(context, std::move(socket));
  co_await conversation.run();
  if (context.log.verbose() > 0) context.log.info("connection closed");
}

}  // namespace uflush
