/// The requests to proxymap(8), Postfix's server of lookup tables, and its replies (BEHAVIOUR.md 8.1).
///
/// The server speaks first (Postfix 3.6 and later). Then requests and replies take turns on the connection,
/// each an attribute list (protocol/attr_decoder.hpp). `open` says which keys a table is for, `lookup` asks
/// for one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace uflush {

/// What the server says right after it has accepted a connection. Static lifetime.
inline constexpr std::string_view proxymap_announcement{"protocol\0proxymap_protocol\0\0", 28};

/// Requests changed in Postfix 3.11. A server calls requests in the other form bad.
enum class ProxymapForm : std::uint8_t { until_3_10, since_3_11 };

/// Appends the request to open `table`, named without `proxy:`. Texts hold no NUL.
void append_proxymap_open(std::string& out, ProxymapForm form, std::string_view table);

/// Appends the request to look up `key`. Whether it must be UTF-8 is the server's business (smtputf8_enable),
/// whatever the flags say: the reference always asks for it.
void append_proxymap_lookup(std::string& out, ProxymapForm form, std::string_view table,
                            std::string_view key);

enum class ProxymapStatus : std::uint32_t {
  ok = 0,
  no_key = 1,
  retry = 2,         ///< the table cannot say at the moment
  bad = 3,           ///< the request makes no sense to the server
  denied = 4,        ///< proxy_read_maps does not list the table
  config_error = 5,  ///< the table cannot say before somebody mends it
};

/// In the flags of a reply to `open`: the table takes whole keys only, in our words `Keys::pattern`.
inline constexpr std::uint32_t proxymap_flag_pattern = 32;

/// One step of reading a reply.
struct ProxymapReplyStep {
  enum class Kind : std::uint8_t { needs_more, complete, malformed };
  Kind kind = Kind::needs_more;
  ProxymapStatus status = ProxymapStatus::retry;  ///< may hold a number that the enum has no name for
  std::uint32_t flags = 0;                        ///< 0 when the reply has none
  std::string_view value{};                       ///< what a look-up has found, a view of the reply
};

/// Decodes the reply that `received` holds, attributes in any order: both forms are read alike. Nothing may
/// follow the reply, as nothing was asked for yet.
[[nodiscard]] ProxymapReplyStep decode_proxymap_reply(std::string_view received) noexcept;

}  // namespace uflush
