#include "protocol/flush_reply.hpp"

#include <charconv>
#include <optional>

#include "io/check.hpp"
#include "protocol/attr_decoder.hpp"

namespace uflush {
namespace {

using namespace std::string_view_literals;

std::optional<Status> parse_status(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (number < INT32_MIN || number > std::int64_t{UINT32_MAX}) return std::nullopt;
  return static_cast<Status>(static_cast<std::int32_t>(static_cast<std::uint32_t>(number)));
}

}  // namespace

std::string_view reply_bytes(Status status) noexcept {
  switch (status) {
    case Status::ok:
      return "status\0000\0\0"sv;
    case Status::bad:
      return "status\0003\0\0"sv;
    case Status::deny:
      return "status\0004\0\0"sv;
    case Status::fail:
      return "status\0004294967295\0\0"sv;
  }
  FLUSH_ASSERT(false);
}

ReplyStep decode_reply(std::string_view received) noexcept {
  using Kind = AttrStep::Kind;
  constexpr ReplyStep malformed{ReplyStep::Kind::malformed, Status::fail, 0};
  AttrDecoder attributes;
  const AttrStep first = attributes.next(received);
  if (first.kind == Kind::needs_more) return {};
  if (first.kind == Kind::end_of_list || first.name != "status") return malformed;
  const std::optional<Status> status = parse_status(first.value);
  if (!status) return malformed;
  const std::size_t end_of_attribute = attributes.consumed_bytes();
  if (received.size() == end_of_attribute) return {};
  if (received[end_of_attribute] != '\0') return malformed;
  return {ReplyStep::Kind::complete, *status, end_of_attribute + 1};
}

}  // namespace uflush
