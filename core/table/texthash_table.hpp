/// `texthash:file`: the source of a hash table, read without compiling it.
///
///     line = key blanks value         key: up to the first blank outside of "..."
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// Lines that make no sense are left out with a warning; the same key twice makes the table unavailable; a
/// directory in place of the file is fatal. Keys are not case-folded.
[[nodiscard]] OpenedTable open_texthash_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
