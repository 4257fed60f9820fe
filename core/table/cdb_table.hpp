/// `cdb:name`: a constant database `name.cdb`, made by postmap(1).
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// Needs no lock: postmap(1) makes a new file and renames it.
[[nodiscard]] OpenedTable open_cdb_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
