/// `static:value` and `static:{value with blanks}`: every key is there. Also `internal:name`, where none is.
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

[[nodiscard]] OpenedTable open_static_table(const std::string& type_name, const TableContext& context);
/// `randmap:{value, ...}`: one of the values, for every key as it stands.
[[nodiscard]] OpenedTable open_random_table(const std::string& type_name, const TableContext& context);
[[nodiscard]] OpenedTable open_internal_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
