/// `pipemap:{type:name, ...}`: a pipeline of tables.
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// Asks the first table for the key, and each further one for what the one before it has found. Finds nothing
/// as soon as one of them does not. Values are keys as they stand: nobody folds their case.
[[nodiscard]] OpenedTable open_pipe_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
