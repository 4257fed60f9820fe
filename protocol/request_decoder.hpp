/// From the bytes of one connection to its requests, in the words and with the oddities of the reference
/// (BEHAVIOUR.md 2.3 to 2.7, 10.16 to 10.20).
///
///   first request   attribute list, or trigger: `W\0`, or `W` and end of input
///   later requests  attribute lists only (the reference closes after the first one)
///   attribute list  `request\0` word `\0`, then per word and in this order
///                     add: site, queue_id    send_site: site    send_file: queue_id    rfrsh, purge, W: none
///                   and an empty name
///
/// A first arrival of one or two bytes selects the trigger protocol. Unlike in the reference a trigger text
/// that turns out to be `request` is a list whose first piece was short.
///
/// An attribute too many does not stop the request: it is executed, with a warning; the rest of its list is
/// skipped before the next request is looked for. rfrsh, purge and W do not even wait for the end of their
/// list.
///
/// After the first request, bytes that make no request end the conversation without an answer and without a
/// log record: the reference never looks at what follows the first request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/attr_decoder.hpp"
#include "protocol/flush_reply.hpp"
#include "protocol/flush_request.hpp"

namespace uflush {

/// One request may not be longer (the reference has no limit); longer ones are treated like a bad parameter.
inline constexpr std::size_t request_bytes_max = std::size_t{1024} * 1024;

/// Whether the bytes at hand are all that there will be.
enum class InputState : std::uint8_t {
  more_may_come,
  end_of_input,  ///< the client closed, or shut down its sending side
  timed_out,     ///< ipc_timeout went by without a byte
};

/// No verdict yet: receive more, append it to the same bytes, decode again.
struct NeedsMore {};

/// A whole request.
struct Decoded {
  FlushRequest request;            ///< views into `received`
  std::size_t consumed_bytes = 0;  ///< drop that many from the front before the next decode()
  std::string_view warning;        ///< empty, or what to log before the request is executed
  bool answered = true;            ///< false: the client gets no reply
};

/// No further request will come from this connection: log, answer, close, as far as there is something to
/// say.
struct Hangup {
  std::optional<Status> reply;
  std::string_view warning;  ///< empty, or what to log; not cleaned yet, may hold any byte but NUL
};

using DecodeStep = std::variant<NeedsMore, Decoded, Hangup>;

/// The decoder of one connection. Allocates nothing unless there is a warning.
class RequestDecoder {
 public:
  /// `stream_name` is how warnings call the peer: `<service name> socket`. Must outlive the decoder.
  explicit RequestDecoder(std::string_view stream_name) noexcept : stream_name_(stream_name) {}

  /// Looks at the bytes after the last request. Until a step is Decoded, each call passes the bytes of the
  /// call before, more of them at will, at any address. The views in the answer live as long as the buffer;
  /// warnings live until the next call. The size of the first non-empty `received` of a connection selects
  /// between trigger and attribute list.
  [[nodiscard]] DecodeStep decode(std::string_view received, InputState input);

 private:
  enum class Expect : std::uint8_t {
    first_bytes,
    trigger,
    request_name,
    request_word,
    parameter_name,
    parameter_value,
    terminator,
    surplus_name,
    surplus_value,
    nothing,
  };
  enum class Word : std::uint8_t { add, send_site, send_file, refresh, purge };
  struct Form {
    std::string_view word;
    Word meaning;
    std::uint8_t parameter_count;
    std::array<std::string_view, 2> parameters;
  };
  struct Extent {
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  static const std::array<Form, 6> forms;

  std::optional<DecodeStep> take_plain_add(std::string_view received);
  std::optional<DecodeStep> take(std::string_view token, std::string_view received);
  std::optional<DecodeStep> take_trigger(std::string_view token);
  std::optional<DecodeStep> take_word(std::string_view token, std::string_view received);
  std::optional<DecodeStep> take_name(std::string_view token, std::string_view wanted, Expect next);
  std::optional<DecodeStep> take_value(std::string_view token, std::string_view received);
  DecodeStep take_end(std::string_view token, std::string_view received);
  DecodeStep cut_short(std::string_view received, InputState input);
  DecodeStep complete(FlushRequest request, Expect next);
  DecodeStep complete(FlushRequest request, std::size_t consumed_bytes, Expect next);
  DecodeStep hang_up(std::optional<Status> reply = std::nullopt);
  [[nodiscard]] FlushRequest parameters_as_request(std::string_view received) const;
  void warn(std::initializer_list<std::string_view> parts);

  std::string_view stream_name_;
  std::string warning_;
  TokenScanner scanner_;
  const Form* form_ = nullptr;  // once the word is known
  std::array<Extent, 2> values_;
  std::uint8_t values_read_ = 0;
  Expect expect_ = Expect::first_bytes;
  bool first_request_ = true;
};

}  // namespace uflush
