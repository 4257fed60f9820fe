#include "core/table/pcre_table.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <pcre2.h>

#include "core/table/pattern_rules.hpp"

namespace uflush {
namespace {

std::uint32_t option_of(char flag) noexcept {
  switch (flag) {
    case 'i':
      return PCRE2_CASELESS;
    case 'm':
      return PCRE2_MULTILINE;
    case 's':
      return PCRE2_DOTALL;
    case 'x':
      return PCRE2_EXTENDED;
    case 'A':
      return PCRE2_ANCHORED;
    case 'E':
      return PCRE2_DOLLAR_ENDONLY;
    case 'U':
      return PCRE2_UNGREEDY;
    default:
      return 0;  // X means nothing any more
  }
}

std::string error_text(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  std::string message;
  for (const PCRE2_UCHAR c : text) {
    if (c == 0) break;
    message.push_back(static_cast<char>(c));
  }
  return message;
}

struct Regex {
  pcre2_code* code = nullptr;
  pcre2_match_data* match = nullptr;

  Regex() = default;
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
  ~Regex() {
    pcre2_match_data_free(match);
    pcre2_code_free(code);
  }
};

PCRE2_SPTR units_of(const std::string& text) noexcept {
  return reinterpret_cast<PCRE2_SPTR>(
      text.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast): char to byte
}

std::optional<CompiledPattern> compile(const std::string& pattern, std::string_view flags,
                                       std::string& error) {
  std::uint32_t options = PCRE2_CASELESS | PCRE2_DOTALL;
  for (const char flag : flags) options ^= option_of(flag);
  auto regex = std::make_shared<Regex>();
  int code = 0;
  PCRE2_SIZE offset = 0;
  regex->code = pcre2_compile(units_of(pattern), pattern.size(), options, &code, &offset, nullptr);
  if (regex->code == nullptr) {
    error = fmt::format("error in regex at offset {}: {}", offset, error_text(code));
    return std::nullopt;
  }
  regex->match = pcre2_match_data_create_from_pattern(regex->code, nullptr);
  if (regex->match == nullptr) {
    error = "out of memory";
    return std::nullopt;
  }
  std::uint32_t capture_count = 0;
  pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &capture_count);
  const auto matches = [regex](const std::string& key, Captures captures) {
    const int groups =
        pcre2_match(regex->code, units_of(key), key.size(), 0, 0, regex->match, nullptr);  // the whole, too
    if (groups < 0) return false;
    const PCRE2_SIZE* const ends = pcre2_get_ovector_pointer(regex->match);
    for (std::size_t i = 0; i < captures.size() && i + 1 < static_cast<std::size_t>(groups); ++i) {
      const PCRE2_SIZE begin = ends[2 * (i + 1)];
      if (begin != PCRE2_UNSET)
        captures[i] = std::string_view(key).substr(begin, ends[2 * (i + 1) + 1] - begin);
    }
    return true;
  };
  return CompiledPattern{matches, capture_count};
}

constexpr PatternSyntax syntax{
    "pcre", "ignoring this rule", "imsxAEUX", 'X', "out of range replacement index", compile};

}  // namespace

OpenedTable open_pcre_table(const std::string& type_name, const TableContext& context) {
  return open_pattern_table(syntax, type_name, context);
}

}  // namespace uflush
