#include "core/passed_client.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <poll.h>

#include "io/passed_descriptor.hpp"
#include "protocol/attr_decoder.hpp"
#include "protocol/request_decoder.hpp"

namespace uflush {
namespace {

Task<Result<Fd>> receive_when_readable(Loop& loop, int carrier, Patience patience) {
  const op::Poll poll{.fd = carrier, .events = POLLIN};
  CO_TRY_VOID(co_await Operation{loop, poll, patience});
  co_return receive_descriptor(carrier);
}

/// Reads names and values in turn up to an empty name.
Task<Result<void>> skip_attributes(Loop& loop, Log& log, int carrier, Patience patience) {
  std::array<char, 1024> piece;
  const op::Recv recv{.fd = carrier, .into = std::as_writable_bytes(std::span(piece))};
  TokenScanner tokens;
  std::string received;
  bool at_name = true;
  while (received.size() <= request_bytes_max) {
    if (const auto token = tokens.next(received)) {
      if (at_name && token->empty()) co_return outcome::success();
      at_name = !at_name;
      continue;
    }
    CO_TRY(count, co_await Operation{loop, recv, patience});
    received.append(piece.data(), count);
    if (count > 0) continue;
    if (!received.empty()) {
      const bool midway = received.size() > tokens.position();
      log.warning("{} unknown_stream while reading input attribute {}",
                  midway ? "unexpected end-of-input from" : "premature end-of-input on",
                  at_name ? "name" : "value");
    }
    co_return Error{ECONNRESET};
  }
  co_return Error{EMSGSIZE};
}

}  // namespace

Task<Result<Fd>> receive_passed_client(Loop& loop, Log& log, Fd carrier, Patience patience) {
  auto passed = co_await receive_when_readable(loop, carrier.get(), patience);
  std::string_view missing = "file descriptor";
  std::optional<Error> error;
  if (!passed) {
    error = passed.error();
  } else {
    const auto skipped = co_await skip_attributes(loop, log, carrier.get(), patience);
    if (skipped) co_return std::move(passed);
    missing = "connection attributes";
    error = skipped.error();
  }
  log.warning("pass_accept_attr: cannot receive {}: {}", missing, error->message());
  log.error("accept connection: {}", error->message());
  co_return *error;
}

}  // namespace uflush
