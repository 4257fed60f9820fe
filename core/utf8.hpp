/// Is it UTF-8? The same question with the same answer for site names and for table keys.
#pragma once

#include <cstddef>
#include <string_view>

namespace uflush {

/// True when no byte has its high bit set.
[[nodiscard]] bool is_ascii(std::string_view text) noexcept;

/// True for well-formed UTF-8 (RFC 3629): over-long forms, surrogates and code points above U+10FFFF are not.
[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

/// How many bytes at the front are well-formed UTF-8, in whole characters.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text) noexcept;

}  // namespace uflush
