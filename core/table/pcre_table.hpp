/// `pcre:file`: Perl-compatible regular expressions (pcre_table(5)).
#pragma once

#include <string>

#include "core/table/table.hpp"

namespace uflush {

/// Patterns see bytes, not characters, also with smtputf8_enable (as 3.7.11 does it).
[[nodiscard]] OpenedTable open_pcre_table(const std::string& type_name, const TableContext& context);

}  // namespace uflush
