#include "protocol/host_name.hpp"

#include <cstddef>

namespace uflush {
namespace {

constexpr std::size_t name_bytes_max = 255;
constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t shown_bytes_max = 100;

bool is_digit(char byte) noexcept {
  return byte >= '0' && byte <= '9';
}

bool is_label_byte(char byte) noexcept {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || is_digit(byte) || byte == '_';
}

std::string fault(std::string_view what, std::string_view name) {
  return "valid_hostname: " + std::string(what) + ": " + std::string(name.substr(0, shown_bytes_max));
}

}  // namespace

std::optional<std::string> host_name_fault(std::string_view name) {
  if (name.empty() || name.size() > name_bytes_max) {
    return "valid_hostname: bad length " + std::to_string(name.size()) + " for " +
           std::string(name.substr(0, shown_bytes_max)) + "...";
  }
  std::size_t label_bytes = 0;
  bool numeric = true;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const char byte = name[at];
    const bool ends_label = at + 1 == name.size() || name[at + 1] == '.';
    if (byte == '.') {
      if (label_bytes == 0 || at + 1 == name.size()) return fault("misplaced delimiter", name);
      label_bytes = 0;
      continue;
    }
    if (byte == '-') {
      if (label_bytes == 0 || ends_label) return fault("misplaced hyphen", name);
    } else if (!is_label_byte(byte)) {
      const auto code = static_cast<unsigned char>(byte);
      return fault("invalid character " + std::to_string(code) + "(decimal)", name);
    }
    if (++label_bytes > label_bytes_max) return fault("hostname label too long", name);
    numeric = numeric && is_digit(byte);
  }
  if (numeric) return fault("numeric hostname", name);
  return std::nullopt;
}

}  // namespace uflush
