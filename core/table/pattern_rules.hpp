/// The source format that regexp: and pcre: tables share (regexp_table(5), pcre_table(5)):
///
///     rule  = match / if / endif                one logical line each
///     match = *"!" delimiter pattern delimiter flags blanks [ replacement ]
///     if    = "if" blanks *"!" delimiter pattern delimiter flags
///     endif = "endif"                           words in any case; if..endif nest
///
/// The first match that applies decides. A rule with a replacement that makes no sense is left out, as in the
/// reference.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/table/replacement.hpp"
#include "core/table/table.hpp"

namespace uflush {

/// A compiled pattern.
struct CompiledPattern {
  /// Fills `captures`, which has room for those that are wanted: what the groups matched, from the first on.
  std::function<bool(const std::string& key, Captures captures)> matches;
  std::size_t capture_count = 0;
};

/// A regular expression library.
struct PatternSyntax {
  std::string_view type;        ///< the word in warnings: `regexp`
  std::string_view unclosed;    ///< what happens to a rule without closing delimiter: `skipping this rule`
  std::string_view flags;       ///< the letters that may follow a pattern
  char obsolete_flag;           ///< one of them that is ignored with a warning; NUL: none
  std::string_view zero_index;  ///< what is said about `$0`: `out-of-range replacement index`
  /// Nothing when the pattern is malformed; then `error` says how.
  std::optional<CompiledPattern> (*compile)(const std::string& pattern, std::string_view flags,
                                            std::string& error);
};

struct PatternRule {
  enum class Kind { match, condition, end };
  Kind kind = Kind::match;
  bool negated = false;
  std::size_t line = 0;
  CompiledPattern pattern;    ///< empty for `end`
  std::string replacement;    ///< of a match, as it stands
  std::size_t index_max = 0;  ///< the highest group that it names
};

/// Reads a table. Rules that make no sense are left out with a warning that names `file`.
[[nodiscard]] std::vector<PatternRule> read_pattern_rules(const PatternSyntax& syntax,
                                                          std::string_view content, std::string_view file,
                                                          Warnings& warnings);

/// Opens the table `type:file` or `type:{{rule}, ...}`. A directory counts as an empty file.
[[nodiscard]] OpenedTable open_pattern_table(const PatternSyntax& syntax, const std::string& type_name,
                                             const TableContext& context);

}  // namespace uflush
