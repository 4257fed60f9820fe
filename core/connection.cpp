#include "core/connection.hpp"

#include <memory>
#include <optional>
#include <utility>

#include <boost/container/small_vector.hpp>

#include "core/receive_buffer.hpp"
#include "core/request_trace.hpp"
#include "io/operation.hpp"
#include "io/shortage.hpp"
#include "protocol/request_decoder.hpp"

namespace uflush {
namespace {

/// How a second request begins that follows the first one in the same piece.
constexpr std::string_view request_begin{"request\0", 8};
/// What is gathered at most before requests are looked at.
constexpr std::size_t gathered_bytes_max = std::size_t{256} * 1024;
/// What an idle connection may hold on to for its next replies.
constexpr std::size_t idle_reply_bytes_max = 1024;

std::span<const std::byte> as_span(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// Answers on their way. A client with a single request needs none of this: its answer goes out with the
/// close.
struct Outgoing {
  std::string replies;
  std::optional<Operation<op::Send>> sending;  ///< takes them there
};

/// The state of one conversation, in the frame of its coroutine. Sending the last replies and receiving the
/// next requests overlap; requests are only executed when the replies to those before have been taken.
class Conversation {
 public:
  Conversation(const ConnectionContext& context, Fd socket)
      : context_(context),
        socket_(std::move(socket)),
        decoder_(context.stream_name),
        buffer_(context.receive_budget) {}
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// What handle() came to.
  enum class Next : std::uint8_t {
    receive,  ///< settle and answer, then receive
    execute,  ///< a request that takes its time: execute(), then handle again
    close,    ///< settle and answer, then close
  };

  void announce();
  /// The next receive. One round of them is one piece of input: what the client sent together.
  [[nodiscard]] Operation<op::Recv> receive();
  /// Takes in what a receive brought. True: the round goes on.
  bool received(const Result<std::size_t>& count);
  /// What the round has brought; nothing when the conversation is to be dropped.
  [[nodiscard]] std::optional<InputState> input() const { return input_; }

  /// Starts what can be started of the requests at hand.
  Next handle(InputState input);
  /// The request that handle() stopped at. False when the client does not take its answers.
  Task<bool> execute();
  /// Waits for the appends and starts to send all answers, in order. False when the client does not take
  /// them.
  Task<bool> answer();
  /// Waits until the client has taken what was sent. False when it has not.
  Task<bool> sent();
  [[nodiscard]] bool is_sending() const noexcept { return outgoing_ && outgoing_->sending; }
  /// The requests since the last answers, in their order.
  [[nodiscard]] auto& pending() noexcept { return pending_; }
  /// Earlier answers may fill the socket, or there are several: what is posted might not fit.
  [[nodiscard]] bool may_be_behind() const noexcept { return kept_open_ || pending_.size() > 1; }
  void close_behind_last_answer();

 private:
  void refuse();
  bool stays_open();
  [[nodiscard]] bool more_requests_follow() const;
  void warn(std::string_view text) const;
  [[nodiscard]] bool verbose() const noexcept { return context_.log.verbose() > 0; }
  void note_reply(Status status) const;

  const ConnectionContext& context_;
  Fd socket_;
  bool round_began_ = false;  ///< the current round of receives has brought something
  bool waits_ = true;         ///< the next receive is to wait
  std::optional<InputState> input_;
  RequestDecoder decoder_;
  ReceiveBuffer buffer_;
  std::optional<Decoded> slow_;                               ///< for execute()
  boost::container::small_vector<PendingAnswer, 1> pending_;  ///< in the order of the requests
  std::unique_ptr<Outgoing> outgoing_;
  bool kept_open_ = false;
};

void Conversation::announce() {
  if (!context_.config.uflush_announcement) return;
  if (verbose()) context_.log.info("send attr protocol = queue_flush_protocol");
  context_.loop.ring().post_send(socket_.get(), as_span(announcement));
}

Operation<op::Recv> Conversation::receive() {
  const bool between_requests = kept_open_ && buffer_.text().empty() && waits_;
  if (between_requests) buffer_.shrink();
  const Patience patience{.deadline = context_.loop.now() + context_.config.ipc_timeout,
                          .stop = between_requests ? context_.draining : context_.hurrying};
  return Operation{context_.loop, op::Recv{.fd = socket_.get(), .into = buffer_.space(), .wait = waits_},
                   patience};
}

bool Conversation::received(const Result<std::size_t>& count) {
  const bool waited = std::exchange(waits_, false);
  if (count && count.value() > 0) {
    buffer_.filled(count.value());
    round_began_ = true;
    input_ = InputState::more_may_come;
    // A full buffer: what the client sent in one piece is to be seen in one piece.
    if (buffer_.full() && buffer_.text().size() < gathered_bytes_max && buffer_.make_room()) return true;
  } else {
    const int error = count ? 0 : count.error().number;
    // Draining: what the client has sent by now is still served.
    if (error == ECANCELED && waited && !context_.leaving.stop_requested()) return true;
    if (error == ECANCELED || (error == EAGAIN && !round_began_)) {
      input_.reset();
    } else if (is_shortage(Error{error})) {
      report_if_shortage(Error{error});
      refuse();
    } else if (error == EAGAIN) {
      input_ = InputState::more_may_come;
    } else if (error == ETIMEDOUT) {
      input_ = InputState::timed_out;
    } else {
      input_ = InputState::end_of_input;  // finished, or reset the connection
    }
  }
  waits_ = true;
  round_began_ = false;
  return false;
}

/// The client gets FAIL for a request that we have not even seen whole.
void Conversation::refuse() {
  input_.reset();
  pending_.emplace_back(Status::fail);
}

Conversation::Next Conversation::handle(InputState input) {
  while (true) {
    const DecodeStep step = decoder_.decode(buffer_.text(), input);
    if (std::holds_alternative<NeedsMore>(step)) {
      if (input != InputState::more_may_come) return Next::close;
      if (buffer_.make_room()) return Next::receive;
      report_shortage(Shortage::receive_buffers, Error{ENOBUFS});
      refuse();
      return Next::close;
    }
    if (verbose()) trace_request(context_.log, context_.stream_name, buffer_.text());
    if (const auto* hangup = std::get_if<Hangup>(&step)) {
      warn(hangup->warning);
      if (hangup->reply) pending_.emplace_back(*hangup->reply);
      return Next::close;
    }
    const auto& decoded = std::get<Decoded>(step);
    warn(decoded.warning);
    const auto* add = std::get_if<AddRequest>(&decoded.request);
    auto started = add != nullptr ? context_.service.start_add(*add) : std::nullopt;
    if (!started) {
      slow_ = decoded;
      return Next::execute;
    }
    pending_.push_back(*std::move(started));
    buffer_.consume(decoded.consumed_bytes);
    if (!stays_open()) return Next::close;
  }
}

Task<bool> Conversation::execute() {
  Service& service = context_.service;
  const FlushRequest& request = slow_->request;
  bool heard = true;
  if (const auto* add = std::get_if<AddRequest>(&request)) {
    std::string site(add->site);
    std::string queue_id(add->queue_id);
    pending_.push_back(
        co_await service.start_slow_add(std::move(site), std::move(queue_id), context_.leaving));
  } else if (!pending_.empty() && !(co_await answer() && co_await sent())) {
    // What follows may take long: whoever came before need not wait for it.
    co_return false;
  } else if (const auto* send_site = std::get_if<SendSiteRequest>(&request)) {
    pending_.emplace_back(co_await service.send_site(std::string(send_site->site), context_.leaving));
  } else if (const auto* send_file = std::get_if<SendFileRequest>(&request)) {
    pending_.emplace_back(co_await service.send_file(std::string(send_file->queue_id)));
  } else {
    if (slow_->answered) pending_.emplace_back(Status::ok);
    heard = co_await answer() && co_await sent();  // the work is done whether or not anybody listens
    if (std::holds_alternative<PurgeRequest>(request)) {
      co_await service.purge(context_.leaving);
    } else {
      co_await service.refresh(context_.leaving);
    }
  }
  buffer_.consume(std::exchange(slow_, std::nullopt)->consumed_bytes);
  co_return heard&& stays_open();
}

Task<bool> Conversation::answer() {
  for (PendingAnswer& pending : pending_) {
    const auto* append = std::get_if<Append>(&pending);
    if (append == nullptr) continue;
    const bool landed = co_await *append;
    pending = landed ? Status::ok : Status::fail;
  }
  if (pending_.empty()) co_return true;
  if (is_sending() && !co_await sent()) co_return false;
  if (!outgoing_) outgoing_ = std::make_unique<Outgoing>();
  for (const PendingAnswer& pending : pending_) {
    outgoing_->replies += reply_bytes(std::get<Status>(pending));
    note_reply(std::get<Status>(pending));
  }
  pending_.clear();
  const Patience patience{.deadline = context_.loop.now() + context_.config.ipc_timeout,
                          .stop = context_.hurrying};
  const op::Send send{.fd = socket_.get(), .from = as_span(outgoing_->replies)};
  outgoing_->sending.emplace(context_.loop, send, patience);
  outgoing_->sending->start();
  co_return true;
}

Task<bool> Conversation::sent() {
  if (!is_sending()) co_return true;
  Operation<op::Send>& sending = *outgoing_->sending;
  const auto sent = co_await sending;
  const bool all = sent && sent.value() == outgoing_->replies.size();
  outgoing_->sending.reset();
  outgoing_->replies.clear();
  if (outgoing_->replies.capacity() > idle_reply_bytes_max) outgoing_->replies.shrink_to_fit();
  co_return all;
}

/// After a request: whether the client may have another one.
bool Conversation::stays_open() {
  kept_open_ = kept_open_ || more_requests_follow();
  return kept_open_;
}

bool Conversation::more_requests_follow() const {
  const std::string_view rest = buffer_.text();
  return !rest.empty() && (rest.starts_with(request_begin) || request_begin.starts_with(rest));
}

void Conversation::close_behind_last_answer() {
  Ring& ring = context_.loop.ring();
  for (const PendingAnswer& last : pending_) {
    note_reply(std::get<Status>(last));
    ring.post_send(socket_.get(), as_span(reply_bytes(std::get<Status>(last))));
  }
  ring.post_close(std::move(socket_));
}

void Conversation::warn(std::string_view text) const {
  if (!text.empty()) context_.log.warning("{}", text);
}

void Conversation::note_reply(Status status) const {
  if (verbose()) context_.log.info("send attr status = {}", static_cast<std::uint32_t>(status));
}

}  // namespace

/// The conversation is one coroutine frame, with others only for what is rare: this is what every add pays
/// for, and every idle client.
Task<void> serve_client(const ConnectionContext& context, Fd socket) {
  using Next = Conversation::Next;
  if (context.log.verbose() > 0) context.log.info("connection established");
  Conversation client(context, std::move(socket));
  client.announce();
  Next next = Next::receive;
  while (next == Next::receive) {
    for (bool more = true; more;) {
      const auto count = co_await client.receive();
      more = client.received(count);
    }
    const std::optional<InputState> input = client.input();
    if (!input) break;
    if (client.is_sending() && !co_await client.sent()) break;
    next = client.handle(*input);
    while (next == Next::execute) next = co_await client.execute() ? client.handle(*input) : Next::close;
    if (next == Next::receive && !client.pending().empty() && !co_await client.answer()) break;
  }
  if (client.may_be_behind()) static_cast<void>(co_await client.answer());
  if (client.is_sending()) static_cast<void>(co_await client.sent());
  for (PendingAnswer& last : client.pending()) {
    if (const auto* append = std::get_if<Append>(&last)) last = co_await *append ? Status::ok : Status::fail;
  }
  client.close_behind_last_answer();
  if (context.log.verbose() > 0) context.log.info("connection closed");
}

}  // namespace uflush
