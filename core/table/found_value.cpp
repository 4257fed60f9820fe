#include "core/table/found_value.hpp"

#include <fmt/format.h>

#include "core/utf8.hpp"

namespace uflush {

Lookup found_value(const Table& table, std::string_view key, std::string_view value, bool utf8,
                   Inquiry& inquiry) {
  if (utf8 && !is_valid_utf8(value)) {
    inquiry.warnings.push_back(
        fmt::format("{}: key \"{}\": non-UTF-8 value \"{}\": malformed UTF-8 or invalid codepoint",
                    table.opened_name(), key, value));
    return Lookup::failed;
  }
  if (inquiry.wants_value) inquiry.value.assign(value);
  return Lookup::found;
}

}  // namespace uflush
