/// Tables that the system keeps: `environ:name` and `unix:passwd.byname`, `unix:group.byname`.
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// Variables of this process. The name says nothing.
[[nodiscard]] OpenedTable open_environ_table(const std::string& type_name, const TableContext& context);

/// Users and groups, as the C library finds them; after a chroot, in the files there.
[[nodiscard]] OpenedTable open_unix_table(const std::string& type_name, const TableContext& context);

/// An `unix:` table has been opened in this process: the C library looks accounts up through its modules,
/// which may ask servers.
[[nodiscard]] bool are_accounts_looked_up() noexcept;

}  // namespace uflush
