/// What a service tells master(8) about itself (BEHAVIOUR.md 1.4, 1.6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace uflush {

/// Whether this process can take a connection; the values are those on the wire.
enum class MasterStatus : std::int32_t { taken = 0, available = 1 };

/// pid, generation and status, four bytes each, native byte order; to be written with one write(2).
using MasterStatusBytes = std::array<std::byte, 12>;
[[nodiscard]] MasterStatusBytes encode_master_status(std::int32_t pid, std::uint32_t generation,
                                                     MasterStatus status) noexcept;

/// Reads the text of the environment variable GENERATION; nothing when it is not made of decimal digits alone
/// (then the reference dies with `bad generation: <text>`). Those digits are read as an octal number that
/// ends at the first 8 or 9; it saturates at 64 bits, and the lower 32 of them count. Odd, but all processes
/// of a service must read the same, the stock ones among them.
[[nodiscard]] std::optional<std::uint32_t> parse_generation(std::string_view text) noexcept;

}  // namespace uflush
