/// What becomes of a value that a table has found.
#pragma once

#include <string_view>

#include "core/table/table.hpp"

namespace uflush {

/// What a look-up of `key` that has found `value` comes to: with `utf8` (smtputf8_enable) a value that is not
/// UTF-8 is a failure, with a warning. Keeps the value if the inquiry wants it.
[[nodiscard]] Lookup found_value(const Table& table, std::string_view key, std::string_view value, bool utf8,
                                 Inquiry& inquiry);

}  // namespace uflush
