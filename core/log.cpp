#include "core/log.hpp"

namespace uflush {
namespace {

constexpr std::size_t text_bytes_max = 2000;

bool is_continuation(unsigned char c) {
  return (c & 0xC0) == 0x80;
}

/// The continuation bytes that lead byte `c` asks for, 0 when it is none.
std::size_t continuation_count(unsigned char c) {
  if (c >= 0xC2 && c < 0xE0) return 1;
  if (c >= 0xE0 && c < 0xF0) return 2;
  if (c >= 0xF0 && c < 0xF8) return 3;
  return 0;
}

}  // namespace

std::string_view severity_prefix(Severity severity) noexcept {
  switch (severity) {
    case Severity::info:
      return "";
    case Severity::warning:
      return "warning: ";
    case Severity::error:
      return "error: ";
    case Severity::fatal:
      return "fatal: ";
    case Severity::panic:
      return "panic: ";
  }
  return "";
}

std::string clean_log_text(std::string_view text, bool keep_utf8) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7F) {
      clean.push_back(text[i]);
      continue;
    }
    const std::size_t more = keep_utf8 ? continuation_count(c) : 0;
    std::size_t found = 0;
    while (found < more && i + found + 1 < text.size() &&
           is_continuation(static_cast<unsigned char>(text[i + found + 1])))
      ++found;
    if (more > 0 && found == more) {
      clean.append(text.substr(i, more + 1));
      i += more;
    } else {
      clean.push_back('?');
    }
  }
  return clean;
}

void Log::record(Severity severity, std::string_view text) {
  sink_.write(severity, clean_log_text(text.substr(0, text_bytes_max), keep_utf8_));
}

void Log::record_all(Severity severity, std::span<const std::string> texts) {
  for (const std::string& text : texts) record(severity, text);
}

}  // namespace uflush
