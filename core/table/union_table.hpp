/// `unionmap:{type:name, ...}`: finds what any of its tables finds.
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// Asks every table, and fails when one fails, even behind one that has found the key. The first decides
/// which keys are asked for.
[[nodiscard]] OpenedTable open_union_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
