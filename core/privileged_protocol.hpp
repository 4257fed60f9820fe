/// What the daemon and its privileged process say to each other: one message per packet of a SOCK_SEQPACKET
/// pair.
///
///     message = kind number detail text           three 32-bit numbers in native order, then bytes
///
/// The daemon describes what there is while it is being started, with its rights still in place:
///
///     table        text: a table as the configuration names it, `type:name`; they are counted from 0
///     file         text: a FileStamp in bytes, and the path that has it
///     serve        text: the PostmapSettings, see encode_settings; ends the description
///
/// and asks afterwards, when it has dropped its rights:
///
///     look_up      number: chosen by the daemon, detail: which table, text: the key
///     rehearse     number: chosen by the daemon
///
/// The privileged process takes nothing else, and says:
///
///     answer       number: of the question, detail: a Lookup, text: the value, or why the look-up failed
///     rehearsed    number: of the question, detail: 1 for a start that would succeed, text: the fatal text
///     changed      a file is no longer what it was
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/file_stamps.hpp"
#include "core/postmap.hpp"

namespace uflush {

/// No message is longer; a longer text is cut by who sends it.
inline constexpr std::size_t privileged_message_bytes_max = 32UL * 1024;

struct PrivilegedMessage {
  enum class Kind : std::uint32_t { table, file, serve, look_up, rehearse, answer, rehearsed, changed };

  Kind kind = Kind::table;
  std::uint32_t number = 0;
  std::uint32_t detail = 0;
  std::string text = {};
};

/// The packet. Cuts the text at the limit.
[[nodiscard]] std::string encode_privileged(const PrivilegedMessage& message);
/// Nothing for a packet that is no message.
[[nodiscard]] std::optional<PrivilegedMessage> decode_privileged(std::string_view packet);

/// A file and its stamp as the text of a `file` message, and back.
[[nodiscard]] std::string encode_file(const StampedFile& file);
[[nodiscard]] std::optional<StampedFile> decode_file(std::string_view text);

/// The settings as the text of a `serve` message, and back.
[[nodiscard]] std::string encode_settings(const PostmapSettings& settings);
[[nodiscard]] std::optional<PostmapSettings> decode_settings(std::string_view text);

/// Whether tables are asked for this key: 1 to 255 bytes without control characters. No site with another
/// name has a logfile.
[[nodiscard]] bool is_privileged_key(std::string_view key) noexcept;

}  // namespace uflush
