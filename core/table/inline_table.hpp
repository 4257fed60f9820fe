/// `inline:{name=value, {name = value with blanks}}`: a table in the configuration itself.
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// Names are not case-folded: one with capitals is never found, because sites are. An empty list or a field
/// without `=` makes the table unavailable.
[[nodiscard]] OpenedTable open_inline_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
