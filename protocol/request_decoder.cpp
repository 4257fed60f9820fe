#include "protocol/request_decoder.hpp"

#include "io/check.hpp"
#include "protocol/trigger.hpp"

namespace uflush {
namespace {

constexpr std::size_t trigger_bytes_max = 2;  // a longer first arrival is an attribute list

constexpr std::string_view add_begin{"request\0add\0site\0", 17};
constexpr std::string_view queue_id_name{"queue_id\0", 9};

}  // namespace

const std::array<RequestDecoder::Form, 6> RequestDecoder::forms = {{
    {"add", Word::add, 2, {"site", "queue_id"}},
    {"send_site", Word::send_site, 1, {"site"}},
    {"send_file", Word::send_file, 1, {"queue_id"}},
    {"rfrsh", Word::refresh, 0, {}},
    {"purge", Word::purge, 0, {}},
    {wake_up, Word::refresh, 0, {}},
}};

DecodeStep RequestDecoder::decode(std::string_view received, InputState input) {
  warning_.clear();
  if (expect_ == Expect::nothing) return hang_up();
  if (expect_ == Expect::first_bytes && !received.empty()) {
    expect_ = received.size() <= trigger_bytes_max ? Expect::trigger : Expect::request_name;
  }
  // A token that ends beyond the limit is never seen, however the bytes were cut into pieces.
  const std::string_view within_limit = received.substr(0, request_bytes_max);
  if (expect_ == Expect::request_name) {
    if (auto step = take_plain_add(within_limit)) return *step;
  }
  while (const auto token = scanner_.next(within_limit)) {
    if (auto step = take(*token, received)) return *step;
  }
  if (received.size() >= request_bytes_max) {
    if (expect_ == Expect::trigger) return hang_up();
    warn({"request from ", stream_name_, " is too long"});
    return hang_up(Status::bad);
  }
  if (input == InputState::more_may_come) return NeedsMore{};
  return cut_short(received, input);
}

/// The request that nearly all requests are, whole and without anything odd, in a few comparisons. Whatever
/// else it is goes the long way, token by token.
std::optional<DecodeStep> RequestDecoder::take_plain_add(std::string_view received) {
  if (scanner_.position() != 0 || !received.starts_with(add_begin)) return std::nullopt;
  const std::size_t site_end = received.find('\0', add_begin.size());
  if (site_end == std::string_view::npos) return std::nullopt;
  const std::string_view site = received.substr(add_begin.size(), site_end - add_begin.size());
  const std::string_view rest = received.substr(site_end + 1);
  if (!rest.starts_with(queue_id_name)) return std::nullopt;
  const std::size_t id_end = rest.find('\0', queue_id_name.size());
  if (id_end >= rest.size() - 1 || rest[id_end + 1] != '\0') return std::nullopt;
  const std::string_view queue_id = rest.substr(queue_id_name.size(), id_end - queue_id_name.size());
  const std::size_t consumed = site_end + 1 + id_end + 2;
  return complete(AddRequest{site, queue_id}, consumed, Expect::request_name);
}

std::optional<DecodeStep> RequestDecoder::take(std::string_view token, std::string_view received) {
  switch (expect_) {
    case Expect::trigger:
      return take_trigger(token);
    case Expect::request_name:
      return take_name(token, "request", Expect::request_word);
    case Expect::request_word:
      return take_word(token, received);
    case Expect::parameter_name:
      return take_name(token, form_->parameters[values_read_], Expect::parameter_value);
    case Expect::parameter_value:
      return take_value(token, received);
    case Expect::terminator:
      return take_end(token, received);
    case Expect::surplus_name:
      expect_ = token.empty() ? Expect::request_name : Expect::surplus_value;
      return std::nullopt;
    case Expect::surplus_value:
      expect_ = Expect::surplus_name;
      return std::nullopt;
    case Expect::first_bytes:
    case Expect::nothing:
      break;
  }
  FLUSH_ASSERT(false);
}

std::optional<DecodeStep> RequestDecoder::take_trigger(std::string_view token) {
  if (token == wake_up) return complete(RefreshRequest{}, Expect::nothing);
  if (token != "request") return hang_up();
  expect_ = Expect::request_word;
  return std::nullopt;
}

std::optional<DecodeStep> RequestDecoder::take_word(std::string_view token, std::string_view received) {
  for (const Form& form : forms) {
    if (token != form.word) continue;
    form_ = &form;
    expect_ = Expect::parameter_name;
    if (form.parameter_count > 0) return std::nullopt;
    // Does not wait for the end of the list, but takes it along if it is there.
    const bool terminated = received.size() > scanner_.position() && received[scanner_.position()] == '\0';
    if (terminated) static_cast<void>(scanner_.next(received));
    return complete(parameters_as_request(received),
                    terminated ? Expect::request_name : Expect::surplus_name);
  }
  return hang_up();  // silently: BEHAVIOUR.md 2.3 point 5
}

std::optional<DecodeStep> RequestDecoder::take_name(std::string_view token, std::string_view wanted,
                                                    Expect next) {
  if (token == wanted) {
    expect_ = next;
    return std::nullopt;
  }
  if (token.empty()) {
    warn({"missing attribute ", wanted, " in input from ", stream_name_});
  } else {
    warn({"unexpected attribute ", token, " from ", stream_name_, " (expecting: ", wanted, ")"});
  }
  return hang_up(Status::bad);
}

std::optional<DecodeStep> RequestDecoder::take_value(std::string_view token, std::string_view received) {
  values_[values_read_] = {static_cast<std::size_t>(token.data() - received.data()), token.size()};
  ++values_read_;
  expect_ = values_read_ < form_->parameter_count ? Expect::parameter_name : Expect::terminator;
  return std::nullopt;
}

DecodeStep RequestDecoder::take_end(std::string_view token, std::string_view received) {
  if (token.empty()) return complete(parameters_as_request(received), Expect::request_name);
  warn({"unexpected attribute ", token, " from ", stream_name_, " (expecting: (list terminator))"});
  return complete(parameters_as_request(received), Expect::surplus_value);
}

/// The input ended, or paused for too long, before the token that we wait for was complete.
DecodeStep RequestDecoder::cut_short(std::string_view received, InputState input) {
  const bool timed_out = input == InputState::timed_out;
  if (expect_ == Expect::first_bytes) {
    if (timed_out) {
      warn({"timeout while waiting for data from ", stream_name_});
    } else {  // the reference ends this with whatever errno holds; this is its name for "none"
      warn({"end-of-input while reading request from ", stream_name_, ": Application error"});
    }
    return hang_up(Status::bad);
  }
  if (expect_ == Expect::trigger) {
    if (received != wake_up) return hang_up();
    DecodeStep step = complete(RefreshRequest{}, Expect::nothing);
    auto& wake_up_call = std::get<Decoded>(step);
    wake_up_call.consumed_bytes = received.size();
    wake_up_call.answered = !timed_out;  // the reference wakes up all the same, and has nobody to tell
    return step;
  }
  const std::optional<Status> reply = timed_out ? std::nullopt : std::optional{Status::bad};
  const std::string_view partial = received.substr(scanner_.position());
  const bool first_parameter = expect_ == Expect::parameter_name && values_read_ == 0;
  if (first_parameter && partial.empty()) return hang_up(reply);

  const bool in_value = expect_ == Expect::request_word || expect_ == Expect::parameter_value;
  const std::string_view reading =
      in_value ? " while reading input attribute value" : " while reading input attribute name";
  // The reference takes a last byte of 255 for the mark of the end of input (BEHAVIOUR.md 2.4).
  const bool between_tokens = partial.empty() || partial.back() == '\xff';
  if (!between_tokens) {
    warn({"unexpected end-of-input from ", stream_name_, reading});
  } else if (timed_out) {
    warn({"timeout on ", stream_name_, reading});
  } else {
    warn({"premature end-of-input on ", stream_name_, reading});
  }
  return hang_up(reply);
}

DecodeStep RequestDecoder::complete(FlushRequest request, Expect next) {
  return complete(request, scanner_.position(), next);
}

DecodeStep RequestDecoder::complete(FlushRequest request, std::size_t consumed_bytes, Expect next) {
  const Decoded decoded{request, consumed_bytes, warning_, true};
  scanner_ = TokenScanner{};
  values_read_ = 0;
  expect_ = next;
  first_request_ = false;
  return decoded;
}

DecodeStep RequestDecoder::hang_up(std::optional<Status> reply) {
  expect_ = Expect::nothing;
  if (!first_request_) return Hangup{};
  first_request_ = false;
  return Hangup{reply, warning_};
}

FlushRequest RequestDecoder::parameters_as_request(std::string_view received) const {
  const auto value = [&](std::size_t i) { return received.substr(values_[i].offset, values_[i].size); };
  switch (form_->meaning) {
    case Word::add:
      return AddRequest{value(0), value(1)};
    case Word::send_site:
      return SendSiteRequest{value(0)};
    case Word::send_file:
      return SendFileRequest{value(0)};
    case Word::refresh:
      return RefreshRequest{};
    case Word::purge:
      return PurgeRequest{};
  }
  FLUSH_ASSERT(false);
}

void RequestDecoder::warn(std::initializer_list<std::string_view> parts) {
  FLUSH_ASSERT(warning_.empty());
  for (const std::string_view part : parts) warning_ += part;
}

}  // namespace uflush
