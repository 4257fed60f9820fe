/// Where cidr:, pcre: and regexp: tables have their rules from:
///
///     name   = file / inline
///     inline = "{" *( "{" rule "}" ) "}"      with blanks or commas between them, and around each rule
///
/// Inline rules are the lines of a file that exists nowhere (Postfix 3.7 and later).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/table/table.hpp"
#include "io/result.hpp"

namespace uflush {

struct RuleSource {
  Result<std::string> text;  ///< the lines, or why the file cannot be read
  std::string error;         ///< not empty: the name is malformed inline rules, and there is no text
};

/// Reads the rules of the table `type:name`.
[[nodiscard]] RuleSource read_rule_source(std::string_view type, const std::string& name,
                                          const TableContext& context);

}  // namespace uflush
