/// The grammar of main.cf (BEHAVIOUR.md 6.1):
///
///     file         = *logical-line
///     logical-line = line *( blank line )      lines that begin with white space continue the one before
///     entry        = name "=" value            blanks around both are dropped
///
/// Empty lines, all-blank lines and lines whose first non-blank is `#` are skipped and do not end a logical
/// line. Bytes after a NUL are lost up to the end of the logical line.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/parameter_types.hpp"

namespace uflush {

/// Names and their unexpanded values. Names are case-sensitive; unknown ones are legal.
using ParameterTable = std::map<std::string, std::string, std::less<>>;

/// What a file says. On `fatal` the table holds what came before. Texts come without severity word.
struct MainCf {
  ParameterTable table;
  std::vector<std::string> warnings;
  std::optional<std::string> fatal;
};

/// What becomes of a line without name or `=`: the reference ends there; or there is a warning, and the next
/// line is looked at.
enum class BadLine { is_fatal, is_passed_over };

/// Adds the entries of a file to `table`. `path` appears in the texts.
[[nodiscard]] MainCf parse_main_cf(std::string_view path, std::string_view contents,
                                   ParameterTable table = {}, BadLine bad_line = BadLine::is_fatal);

/// Where a file sets a parameter, and to what.
struct EntryAt {
  std::size_t line_number = 0;  ///< counted from 1
  std::string value;            ///< not expanded
};

/// The entry that counts, the last one, for `name`; nothing when there is none. Reads `contents` once more,
/// so that a start without faults pays nothing for the numbers of lines.
[[nodiscard]] std::optional<EntryAt> find_entry(std::string_view contents, std::string_view name);

/// `PATH, line N`, as messages name a place.
[[nodiscard]] std::string line_place(std::string_view path, std::size_t line_number);

/// One `name = value`, as in a line of main.cf or in the argument of `-o`.
struct NameValue {
  std::string name;
  std::string value;
};

/// Splits a logical line. The failure is only the reason: `missing '=' after attribute name` or `missing
/// attribute name`.
[[nodiscard]] ConfigResult<NameValue> split_name_value(std::string_view line);

/// isspace(3) in the C locale, for any byte.
[[nodiscard]] bool is_blank(char byte) noexcept;

/// Without leading blanks; without trailing ones.
[[nodiscard]] std::string_view skip_blanks(std::string_view text) noexcept;
[[nodiscard]] std::string_view trim_blanks_right(std::string_view text) noexcept;

}  // namespace uflush
