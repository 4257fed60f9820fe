/// `regexp:file`: POSIX regular expressions (regexp_table(5)).
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

[[nodiscard]] OpenedTable open_regexp_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
