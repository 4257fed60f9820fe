/// `proxy:type:name`, which proxymap(8) looks into for us, and types for which Postfix has plug-ins, which
/// postmap(1) looks into.
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// A table that asks through the inquiry. Never fails to open, and opens nothing.
[[nodiscard]] OpenedTable open_remote_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
