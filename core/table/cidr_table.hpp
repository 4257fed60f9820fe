/// `cidr:file`, `cidr:{{rule}, ...}`: networks (cidr_table(5)).
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// Finds addresses. Names of domains are never in such a table, but it stands in lists that other programs
/// use as well.
[[nodiscard]] OpenedTable open_cidr_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
