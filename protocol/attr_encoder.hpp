/// Writing attribute lists: `name\0value\0` ..., ended by one empty name (BEHAVIOUR.md 2.1).
#pragma once

#include <string>
#include <string_view>

namespace uflush {

/// Appends one attribute. There is no escaping on the wire: neither `name` nor `value` may hold a NUL, and
/// `name` may not be empty (that would end the list).
void append_attribute(std::string& out, std::string_view name, std::string_view value);

/// Appends the empty name that ends a list.
void append_list_terminator(std::string& out);

}  // namespace uflush
