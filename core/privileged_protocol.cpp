#include "core/privileged_protocol.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <vector>

namespace uflush {
namespace {

using Header = std::array<std::uint32_t, 3>;
static_assert(std::is_trivially_copyable_v<FileStamp>);

constexpr std::size_t key_bytes_max = 255;

template <typename T>
void append_bytes(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Takes the bytes of a T off the front of `from`; false when there are not enough.
template <typename T>
bool take_bytes(std::string_view& from, T& value) {
  if (from.size() < sizeof value) return false;
  std::memcpy(&value, from.data(), sizeof value);
  from.remove_prefix(sizeof value);
  return true;
}

/// The text up to a NUL, which is taken off `from` with it.
std::string take_text(std::string_view& from) {
  const std::size_t end = std::min(from.find('\0'), from.size());
  std::string text(from.substr(0, end));
  from.remove_prefix(std::min(end + 1, from.size()));
  return text;
}

}  // namespace

std::string encode_privileged(const PrivilegedMessage& message) {
  std::string packet;
  append_bytes(packet, Header{static_cast<std::uint32_t>(message.kind), message.number, message.detail});
  packet.append(message.text, 0, privileged_message_bytes_max - sizeof(Header));
  return packet;
}

std::optional<PrivilegedMessage> decode_privileged(std::string_view packet) {
  Header header{};
  if (packet.size() > privileged_message_bytes_max || !take_bytes(packet, header)) return std::nullopt;
  if (header[0] > static_cast<std::uint32_t>(PrivilegedMessage::Kind::changed)) return std::nullopt;
  return PrivilegedMessage{.kind = static_cast<PrivilegedMessage::Kind>(header[0]),
                           .number = header[1],
                           .detail = header[2],
                           .text = std::string(packet)};
}

std::string encode_file(const StampedFile& file) {
  std::string text;
  append_bytes(text, file.stamp);
  return text += file.path;
}

std::optional<StampedFile> decode_file(std::string_view text) {
  StampedFile file;
  if (!take_bytes(text, file.stamp) || text.empty()) return std::nullopt;
  file.path = text;
  return file;
}

std::string encode_settings(const PostmapSettings& settings) {
  std::string text;
  append_bytes(text, static_cast<std::uint32_t>(settings.utf8));
  append_bytes(text, static_cast<std::int64_t>(settings.time_limit.count()));
  for (const std::string* each : {&settings.program, &settings.config_directory, &settings.directory})
    text.append(*each).push_back('\0');
  return text;
}

std::optional<PostmapSettings> decode_settings(std::string_view text) {
  std::uint32_t utf8 = 0;
  std::int64_t seconds = 0;
  if (!take_bytes(text, utf8) || !take_bytes(text, seconds)) return std::nullopt;
  PostmapSettings settings;
  settings.utf8 = utf8 != 0;
  settings.time_limit = std::chrono::seconds(seconds);
  settings.program = take_text(text);
  settings.config_directory = take_text(text);
  settings.directory = take_text(text);
  return settings;
}

bool is_privileged_key(std::string_view key) noexcept {
  const auto is_control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < ' ' || byte == 0x7F;
  };
  return !key.empty() && key.size() <= key_bytes_max && std::none_of(key.begin(), key.end(), is_control);
}

}  // namespace uflush
