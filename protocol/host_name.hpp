/// What may stand in `myhostname` and `mydomain`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace uflush {

/// Nothing for a valid name: labels of 1..63 letters, digits, `_` and inner `-`, 255 bytes in all, and not
/// only digits and dots. Otherwise the text that the reference logs as a warning.
[[nodiscard]] std::optional<std::string> host_name_fault(std::string_view name);

}  // namespace uflush
