/// The requests of a connection: the decoder agrees with a second, naive reading of BEHAVIOUR.md 2.3 to 2.6,
/// however the bytes arrive behind the first piece, and whether the input then ends or stands still. What it
/// decodes, written again, decodes to the same.
#include "protocol/request_decoder.hpp"

#include <memory>
#include <string>
#include <vector>

#include "fuzz/input.hpp"
#include "io/check.hpp"

namespace uflush {
namespace {

/// What comes out of a connection, one text per request and one for how it ends: "add example.com 4Xk2 (some
/// warning)", "closed", "BAD: some warning".
using Events = std::vector<std::string>;

// ---- The naive reading: all bytes at hand, one token after the other.

class NaiveReading {
 public:
  NaiveReading(std::string_view bytes, std::size_t first_piece_bytes, InputState ending)
      : rest_(bytes), timed_out_(ending == InputState::timed_out) {
    if (bytes.empty()) {
      stop("BAD: ", timed_out_ ? "timeout while waiting for data from S"
                               : "end-of-input while reading request from S: Application error");
    } else if (first_piece_bytes > 2 || read_trigger()) {
      while (!over_) read_request();
    }
  }
  Events events;

 private:
  /// False for everything but a `request` whose first piece was short.
  bool read_trigger() {
    const bool whole = rest_.find('\0') != std::string_view::npos;
    const std::string_view text = rest_.substr(0, rest_.find('\0'));
    if (whole && text == "request") return true;
    if (text == "W") events.emplace_back(whole || !timed_out_ ? "refresh" : "refresh unanswered");
    stop("closed", "");
    return false;
  }

  void read_request() {
    if (wanted("request", false) && token("value", false)) read_parameters(std::string(token_));
    if (over_ && !events.empty() && later_) events.back() = "closed";
    later_ = true;
  }

  void read_parameters(const std::string& word) {
    if (word == "rfrsh" || word == "purge" || word == "W") {
      events.emplace_back(word == "purge" ? "purge" : "refresh");
      return skip_list();
    }
    if (word != "add" && word != "send_site" && word != "send_file") return stop("closed", "");
    std::string event = word;
    if (word != "send_file") {
      if (!wanted("site", true) || !token("value", false)) return;
      event.append(" ").append(token_);
    }
    if (word != "send_site") {
      if (!wanted("queue_id", word == "send_file") || !token("value", false)) return;
      event.append(" ").append(token_);
    }
    if (!token("name", false)) return;
    if (!token_.empty()) event.append(" (").append(unexpected("(list terminator)")).append(")");
    events.push_back(event);
    if (!token_.empty() && silent_token()) skip_list();
  }

  bool wanted(const std::string& name, bool list_begins) {
    if (!token("name", list_begins)) return false;
    if (token_ == name) return true;
    stop("BAD: ", token_.empty() ? "missing attribute " + name + " in input from S" : unexpected(name));
    return false;
  }

  [[nodiscard]] std::string unexpected(const std::string& name) const {
    return "unexpected attribute " + std::string(token_) + " from S (expecting: " + name + ")";
  }

  bool token(const std::string& part, bool list_begins) {
    if (silent_token()) return true;
    events.pop_back();
    const std::string outcome = timed_out_ ? "closed" : "BAD";
    if (rest_.empty() && list_begins) {
      stop(outcome, "");
    } else if (rest_.empty() || rest_.back() == '\xff') {
      stop(outcome + ": ",
           (timed_out_ ? "timeout on S" : "premature end-of-input on S") + while_reading(part));
    } else {
      stop(outcome + ": ", "unexpected end-of-input from S" + while_reading(part));
    }
    return false;
  }

  static std::string while_reading(const std::string& part) {
    return " while reading input attribute " + part;
  }

  bool silent_token() {
    const bool whole = rest_.find('\0') != std::string_view::npos;
    if (whole) token_ = take_until(rest_, '\0');
    if (!whole) stop("closed", "");
    return whole;
  }

  void skip_list() {
    while (silent_token() && !token_.empty() && silent_token()) {
    }
  }

  void stop(const std::string& outcome, const std::string& text) {
    events.push_back(outcome + text);
    over_ = true;
  }

  std::string_view rest_;
  std::string_view token_;
  bool timed_out_;
  bool later_ = false;  ///< a request has been read before this one
  bool over_ = false;
};

// ---- The decoder at work.

std::string with_warning(std::string event, std::string_view warning) {
  if (!warning.empty()) event.append(" (").append(warning).append(")");
  return event;
}

std::string describe(const FlushRequest& request) {
  if (const auto* add = std::get_if<AddRequest>(&request))
    return "add " + std::string(add->site) + " " + std::string(add->queue_id);
  if (const auto* site = std::get_if<SendSiteRequest>(&request))
    return "send_site " + std::string(site->site);
  if (const auto* file = std::get_if<SendFileRequest>(&request))
    return "send_file " + std::string(file->queue_id);
  return std::holds_alternative<PurgeRequest>(request) ? "purge" : "refresh";
}

std::string describe(const Hangup& hangup) {
  FLUSH_ASSERT(!hangup.reply || *hangup.reply == Status::bad);
  std::string event = hangup.reply ? "BAD" : "closed";
  if (!hangup.warning.empty()) event.append(": ").append(hangup.warning);
  return event;
}

/// A connection that receives pieces.
class Conversation {
 public:
  Events events;
  Events requests;             ///< those among the events, without warnings
  std::string requests_again;  ///< what was decoded, in a stock client's bytes

  void receive(std::string_view piece) {
    // A new buffer each time, without a byte to spare: nobody may keep an address or look too far.
    auto larger = std::make_unique<char[]>(size_ + piece.size());
    std::copy_n(buffer_.get(), size_, larger.get());
    std::copy(piece.begin(), piece.end(), larger.get() + size_);
    buffer_ = std::move(larger);
    size_ += piece.size();
    look(InputState::more_may_come);
  }

  void look(InputState input) {
    while (!over_) {
      const std::string_view received(buffer_.get(), size_);
      const DecodeStep step = decoder_.decode(received, input);
      if (std::holds_alternative<NeedsMore>(step)) {
        FLUSH_ASSERT(input == InputState::more_may_come);
        return;
      }
      if (const auto* hangup = std::get_if<Hangup>(&step)) {
        events.push_back(describe(*hangup));
        over_ = true;
        return;
      }
      const auto& decoded = std::get<Decoded>(step);
      FLUSH_ASSERT(decoded.consumed_bytes > 0 && decoded.consumed_bytes <= size_);
      requests.push_back(describe(decoded.request));
      const std::string unanswered = decoded.answered ? "" : " unanswered";
      events.push_back(with_warning(requests.back() + unanswered, decoded.warning));
      append_request(requests_again, decoded.request);
      drop_front(decoded.consumed_bytes);
    }
  }

 private:
  void drop_front(std::size_t count) {
    auto rest = std::make_unique<char[]>(size_ - count);
    std::copy_n(buffer_.get() + count, size_ - count, rest.get());
    buffer_ = std::move(rest);
    size_ -= count;
  }

  RequestDecoder decoder_{"S"};
  std::unique_ptr<char[]> buffer_;
  std::size_t size_ = 0;
  bool over_ = false;
};

Conversation converse(std::string_view first, const std::vector<std::string_view>& pieces,
                      InputState ending) {
  Conversation conversation;
  if (!first.empty()) conversation.receive(first);
  for (const std::string_view piece : pieces) conversation.receive(piece);
  conversation.look(ending);
  return conversation;
}

void check_round_trip(const Conversation& before) {
  if (before.requests.empty()) return;
  const Conversation after = converse(before.requests_again, {}, InputState::end_of_input);
  Events expected = before.requests;
  expected.emplace_back("closed");
  FLUSH_ASSERT(after.events == expected);
}

void check(std::string_view bytes, std::size_t first_bytes, InputState ending) {
  const std::string_view first = bytes.substr(0, first_bytes);
  const std::string_view rest = bytes.substr(first.size());
  const NaiveReading naive(bytes, first.size(), ending);
  const Conversation at_once = converse(first, {rest}, ending);
  FLUSH_ASSERT(at_once.events == naive.events);
  FLUSH_ASSERT(converse(first, in_pieces(rest), ending).events == naive.events);
  FLUSH_ASSERT(converse(first, byte_by_byte(rest), ending).events == naive.events);
  check_round_trip(at_once);
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  const std::string_view bytes = as_text(data, size);
  for (const InputState ending : {InputState::end_of_input, InputState::timed_out}) {
    // The size of the first piece chooses the protocol: one or two bytes are a trigger.
    for (const std::size_t first_bytes : {std::size_t{1}, std::size_t{2}, std::size_t{3}, size})
      check(bytes, first_bytes, ending);
  }
  return 0;
}
