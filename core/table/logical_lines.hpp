/// The lines of a table's source file:
///
///     logical line = text *( newline blank text )     a line that starts with a blank continues the one
///     before ignored      = [ blanks ] [ "#" text ]          empty lines and comments, also between
///     continuations
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/table/table.hpp"

namespace uflush {

struct LogicalLine {
  std::size_t number = 0;  ///< of its first physical line, counted from 1
  std::string text;        ///< without trailing blanks; ends at the first NUL
  std::string blanks_behind = {};
};

/// Splits `content`. A first line that starts with a blank continues nothing: it is left out, with a warning
/// that names `file`.
[[nodiscard]] std::vector<LogicalLine> logical_lines(std::string_view content, std::string_view file,
                                                     Warnings& warnings);

}  // namespace uflush
