/// `lmdb:name`: an LMDB file `name.lmdb`, made by postmap(1).
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// As Postfix, without LMDB's lock file: look-ups share the lock that postmap(1) takes, and wait for it.
[[nodiscard]] OpenedTable open_lmdb_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
