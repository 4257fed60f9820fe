/// From `type:name` to an open table.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/table/table.hpp"

namespace uflush {

/// `type:name` at its first colon. Without one everything is the type.
[[nodiscard]] std::pair<std::string_view, std::string_view> split_type_name(
    std::string_view type_name) noexcept;

/// Opens a table. The types that need a plug-in, a server or a connection become tables that proxymap(8) is
/// to be asked for (remote_table.hpp), with or without `proxy:`. A type that nobody knows counts as one that
/// cannot be opened, with the reference's text `unsupported dictionary type: X`.
[[nodiscard]] OpenedTable open_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
