/// What the server says: the announcement after accept, and one reply per request (BEHAVIOUR.md 2.2, 2.5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace uflush {

/// The answer to a request; the values are those on the wire.
enum class Status : std::int32_t {
  fail = -1,  ///< the system failed: the reference only says it when a table look-up fails
  ok = 0,     ///< done, or accepted (refresh, purge); also when nothing was found
  bad = 3,    ///< malformed request, bad queue ID
  deny = 4,   ///< site not eligible, or no logfile name can be made of it
};

/// `protocol\0queue_flush_protocol\0\0`, written right after accept (Postfix 3.6 and later). Static lifetime.
inline constexpr std::string_view announcement{"protocol\0queue_flush_protocol\0\0", 31};

/// `status\0N\0\0`. Static lifetime. FAIL is printed unsigned, `4294967295`, as the reference does it.
[[nodiscard]] std::string_view reply_bytes(Status status) noexcept;

/// A client's reading of a reply.
struct ReplyStep {
  enum class Kind : std::uint8_t { needs_more, complete, malformed };
  Kind kind = Kind::needs_more;
  Status status = Status::fail;    ///< with Kind::complete; may hold a number that the enum has no name for
  std::size_t consumed_bytes = 0;  ///< with Kind::complete: where the next reply starts
};

/// Decodes the reply at the front of `received`. As the stock clients do, takes `4294967295` and `-1` alike;
/// unlike them, it refuses every list that is not exactly one `status` attribute.
[[nodiscard]] ReplyStep decode_reply(std::string_view received) noexcept;

}  // namespace uflush
