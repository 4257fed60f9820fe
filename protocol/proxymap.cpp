#include "protocol/proxymap.hpp"

#include <charconv>
#include <optional>

#include "protocol/attr_decoder.hpp"
#include "protocol/attr_encoder.hpp"

namespace uflush {
namespace {

using Kind = ProxymapReplyStep::Kind;

/// Flags of a look-up: share the lock of who writes the table; and this is UTF-8.
constexpr std::uint32_t flag_lock = 64;
constexpr std::uint32_t flag_utf8 = 524288;

std::optional<std::uint32_t> parse_number(std::string_view text) noexcept {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void append_head(std::string& out, ProxymapForm form, std::string_view request, std::string_view table) {
  append_attribute(out, "request", request);
  append_attribute(out, "table", table);
  if (form == ProxymapForm::since_3_11) append_attribute(out, "instance_flags", "0");
}

}  // namespace

void append_proxymap_open(std::string& out, ProxymapForm form, std::string_view table) {
  append_head(out, form, "open", table);
  if (form == ProxymapForm::until_3_10) append_attribute(out, "flags", "0");
  append_list_terminator(out);
}

void append_proxymap_lookup(std::string& out, ProxymapForm form, std::string_view table,
                            std::string_view key) {
  append_head(out, form, "lookup", table);
  append_attribute(out, "flags", std::to_string(flag_lock | flag_utf8));
  append_attribute(out, "key", key);
  append_list_terminator(out);
}

ProxymapReplyStep decode_proxymap_reply(std::string_view received) noexcept {
  constexpr ProxymapReplyStep malformed{Kind::malformed};
  ProxymapReplyStep reply;
  bool has_status = false;
  AttrDecoder attributes;
  while (true) {
    const AttrStep step = attributes.next(received);
    if (step.kind == AttrStep::Kind::needs_more) return {};
    if (step.kind == AttrStep::Kind::end_of_list) break;
    if (step.name == "value") reply.value = step.value;
    if (step.name != "status" && step.name != "flags") continue;
    const std::optional<std::uint32_t> number = parse_number(step.value);
    if (!number) return malformed;
    if (step.name == "flags") {
      reply.flags = *number;
    } else {
      reply.status = static_cast<ProxymapStatus>(*number);
      has_status = true;
    }
  }
  if (!has_status || attributes.consumed_bytes() != received.size()) return malformed;
  reply.kind = Kind::complete;
  return reply;
}

}  // namespace uflush
