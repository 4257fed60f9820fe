#include "core/table/open_table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/table/cdb_table.hpp"
#include "core/table/cidr_table.hpp"
#include "core/table/db_table.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/inline_table.hpp"
#include "core/table/lmdb_table.hpp"
#include "core/table/pcre_table.hpp"
#include "core/table/pipe_table.hpp"
#include "core/table/regexp_table.hpp"
#include "core/table/remote_table.hpp"
#include "core/table/static_table.hpp"
#include "core/table/system_tables.hpp"
#include "core/table/texthash_table.hpp"
#include "core/table/union_table.hpp"

namespace uflush {
namespace {

struct TableType {
  std::string_view name;
  OpenedTable (*open)(const std::string& type_name, const TableContext& context);
};

constexpr std::array table_types{
    TableType{"btree", open_btree_table},       TableType{"cdb", open_cdb_table},
    TableType{"cidr", open_cidr_table},         TableType{"environ", open_environ_table},
    TableType{"fail", open_fail_table},         TableType{"hash", open_hash_table},
    TableType{"inline", open_inline_table},     TableType{"internal", open_internal_table},
    TableType{"lmdb", open_lmdb_table},         TableType{"pcre", open_pcre_table},
    TableType{"pipemap", open_pipe_table},      TableType{"randmap", open_random_table},
    TableType{"regexp", open_regexp_table},     TableType{"static", open_static_table},
    TableType{"texthash", open_texthash_table}, TableType{"unix", open_unix_table},
    TableType{"unionmap", open_union_table},
};

/// What needs a program or a server of its own: proxymap(8) and postmap(1) have the plug-ins.
constexpr std::array<std::string_view, 13> remote_types{
    "dbm",   "ldap",  "memcache", "mongodb",   "mysql",  "nis", "nisplus",
    "pgsql", "proxy", "sdbm",     "socketmap", "sqlite", "tcp",
};

}  // namespace

std::pair<std::string_view, std::string_view> split_type_name(std::string_view type_name) noexcept {
  const std::size_t colon = type_name.find(':');
  if (colon == std::string_view::npos) return {type_name, {}};
  return {type_name.substr(0, colon), type_name.substr(colon + 1)};
}

OpenedTable open_table(const std::string& type_name, const TableContext& context) {
  const std::string_view type = split_type_name(type_name).first;
  const auto* const found =
      std::find_if(table_types.begin(), table_types.end(),
                   [type](const TableType& candidate) { return candidate.name == type; });
  if (std::find(remote_types.begin(), remote_types.end(), type) != remote_types.end())
    return open_remote_table(type_name, context);
  if (found == table_types.end()) return unsupported(type_name, type);
  return found->open(type_name, context);
}

}  // namespace uflush
