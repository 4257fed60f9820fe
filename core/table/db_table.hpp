/// `hash:name` and `btree:name`: Berkeley DB files `name.db`, made by postmap(1).
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// Look-ups share the lock that postmap(1) takes, and wait for it.
[[nodiscard]] OpenedTable open_hash_table(const std::string& type_name, const TableContext& context);
[[nodiscard]] OpenedTable open_btree_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
