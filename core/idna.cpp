#include "core/idna.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/utf8.hpp"

namespace uflush {
namespace {

constexpr std::size_t ascii_bytes_max = 1023;
constexpr std::size_t hostname_bytes_max = 255;
constexpr std::size_t label_bytes_max = 63;

struct ErrorName {
  std::uint32_t bit;
  std::string_view name;
};

/// In the order of the log: that of the bits.
constexpr std::array<ErrorName, 15> error_names{{
    {UIDNA_ERROR_EMPTY_LABEL, "UIDNA_ERROR_EMPTY_LABEL"},
    {UIDNA_ERROR_LABEL_TOO_LONG, "UIDNA_ERROR_LABEL_TOO_LONG"},
    {UIDNA_ERROR_DOMAIN_NAME_TOO_LONG, "UIDNA_ERROR_DOMAIN_NAME_TOO_LONG"},
    {UIDNA_ERROR_LEADING_HYPHEN, "UIDNA_ERROR_LEADING_HYPHEN"},
    {UIDNA_ERROR_TRAILING_HYPHEN, "UIDNA_ERROR_TRAILING_HYPHEN"},
    {UIDNA_ERROR_HYPHEN_3_4, "UIDNA_ERROR_HYPHEN_3_4"},
    {UIDNA_ERROR_LEADING_COMBINING_MARK, "UIDNA_ERROR_LEADING_COMBINING_MARK"},
    {UIDNA_ERROR_DISALLOWED, "UIDNA_ERROR_DISALLOWED"},
    {UIDNA_ERROR_PUNYCODE, "UIDNA_ERROR_PUNYCODE"},
    {UIDNA_ERROR_LABEL_HAS_DOT, "UIDNA_ERROR_LABEL_HAS_DOT"},
    {UIDNA_ERROR_INVALID_ACE_LABEL, "UIDNA_ERROR_INVALID_ACE_LABEL"},
    {UIDNA_ERROR_BIDI, "UIDNA_ERROR_BIDI"},
    {UIDNA_ERROR_CONTEXTJ, "UIDNA_ERROR_CONTEXTJ"},
    {UIDNA_ERROR_CONTEXTO_PUNCTUATION, "UIDNA_ERROR_CONTEXTO_PUNCTUATION"},
    {UIDNA_ERROR_CONTEXTO_DIGITS, "UIDNA_ERROR_CONTEXTO_DIGITS"},
}};

std::string names_of(std::uint32_t bits) {
  std::string names;
  for (const ErrorName& error : error_names) {
    if ((bits & error.bit) == 0) continue;
    if (!names.empty()) names += ',';
    names += error.name;
  }
  return names;
}

bool is_hostname_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_hostname_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= label_bytes_max && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), is_hostname_character);
}

}  // namespace

bool is_valid_hostname(std::string_view name) noexcept {
  if (name.size() > hostname_bytes_max) return false;
  if (name.find_first_not_of("0123456789.") == std::string_view::npos) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_hostname_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

IdnaMapper::Answer IdnaMapper::to_ascii(std::string_view domain) {
  if (!is_valid_utf8(domain)) return {{}, "malformed UTF-8"};

  UErrorCode status = U_ZERO_ERROR;
  if (mapper_ == nullptr) {
    const std::uint32_t options =
        idna_ == Idna::transitional ? UIDNA_DEFAULT : UIDNA_NONTRANSITIONAL_TO_ASCII;
    mapper_.reset(uidna_openUTS46(options, &status));
    if (U_FAILURE(status)) {
      mapper_.reset();
      return {{}, u_errorName(status)};
    }
  }
  if (domain.size() > INT32_MAX) return {{}, u_errorName(U_INPUT_TOO_LONG_ERROR)};

  std::array<char, ascii_bytes_max> ascii;
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  const std::int32_t length =
      uidna_nameToASCII_UTF8(mapper_.get(), domain.data(), static_cast<std::int32_t>(domain.size()),
                             ascii.data(), static_cast<std::int32_t>(ascii.size()), &info, &status);
  if (info.errors != 0) return {{}, names_of(info.errors)};
  if (U_FAILURE(status)) return {{}, u_errorName(status)};
  const std::string_view name(ascii.data(), static_cast<std::size_t>(length));
  if (!is_valid_hostname(name)) return {{}, "malformed ASCII label(s)"};
  return {std::string(name), {}};
}

}  // namespace uflush
