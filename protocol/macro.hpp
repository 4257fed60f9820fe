/// `$name` expansion in parameter values (BEHAVIOUR.md 6.2):
///
///     $$                               a `$`
///     $name  ${name}  $(name)          the value of name, itself expanded; empty when undefined
///     ${name?text}  ${name:text}       text if the value of name is non-empty; if it is empty or undefined
///     ${name?{text}:{text}}            both; the last operand needs no braces of its own
///     ${{left} op {right}}             `true` or empty; or `?`, `:` and text as above
///
/// op is one of == != < <= >= >, of whole numbers when both sides are all digits, else of bytes; with the
/// suffix `level`, of compatibility levels. A condition on a name looks at its value before expansion.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/main_cf.hpp"

namespace uflush {

/// `text` is meaningful unless `fatal` is set. The reference logs the warnings, then ends with `fatal`.
struct Expansion {
  std::string text;
  std::vector<std::string> warnings;
  std::optional<std::string> fatal;
};

/// Expands `text` with the values in `table`. More than about 100 nested references are refused, as is
/// (unlike the reference, which runs out of stack or time) a value that refers to itself from within a
/// comparison or that multiplies itself beyond 100000 references or 16 MB.
[[nodiscard]] Expansion expand_macros(std::string_view text, const ParameterTable& table);

}  // namespace uflush
