/// Which of the names that we know somebody may have meant.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace uflush {

/// How the names of all parameters of ours begin.
inline constexpr std::string_view own_prefix = "uflush_";

/// How many letters have to be added, taken away or exchanged, or neighbours swapped, to make one text of the
/// other.
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

/// A parameter of ours by its name: `uflush_...`.
[[nodiscard]] bool is_named_as_ours(std::string_view name) noexcept;
/// One that exists.
[[nodiscard]] bool is_known_as_ours(std::string_view name) noexcept;

/// The `uflush_*` parameter with the name that is nearest to `name`.
[[nodiscard]] std::string_view nearest_own_parameter(std::string_view name);

/// The same for a name that does not begin with `uflush_`; nothing when it is too far from all of them.
[[nodiscard]] std::optional<std::string_view> own_parameter_like(std::string_view name);

}  // namespace uflush
