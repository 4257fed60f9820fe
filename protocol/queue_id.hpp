/// Which byte strings may name a queue file or a logfile (BEHAVIOUR.md 4.3).
#pragma once

#include <cstddef>
#include <string_view>

namespace uflush {

inline constexpr std::size_t queue_id_bytes_max = 255;

/// True for 1..255 bytes of ASCII letters, digits and `_`. Says nothing about a file being there.
[[nodiscard]] bool is_valid_queue_id(std::string_view id) noexcept;

}  // namespace uflush
