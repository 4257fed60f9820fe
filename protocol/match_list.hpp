/// The syntax of pattern lists such as `fast_flush_domains` (BEHAVIOUR.md 5.2):
///
///     list    = *( separator / item )          separators are `,` TAB CR LF SPACE, except inside `{...}`
///     item    = *"!" ( path / table / literal )
///     path    = "/" text                       the items of that file take its place
///     table   = text ":" text                  `type:name`; does not start with `[`
///     literal = text
///
/// What an item matches is decided elsewhere (core/eligible_sites): nothing here opens a table or folds case.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/result.hpp"
#include "protocol/read_file_callback.hpp"

namespace uflush {

/// One item, in the order of evaluation.
struct MatchItem {
  enum class Kind {
    literal,         ///< `text` as written, not case-folded
    table,           ///< `text` is `type:name`; both parts are non-empty
    unreadable_file  ///< `text` is the path, `error` why: it fails whenever evaluation reaches it
  };
  Kind kind = Kind::literal;
  bool negated = false;
  std::string text;
  Error error{};
};

/// A parsed list, and what the reference logs while it parses. On `fatal` the items are those found so far.
/// All texts come without severity word.
struct MatchList {
  std::vector<MatchItem> items;
  std::vector<std::string> warnings;
  std::vector<std::string> errors;      ///< one `open file <path>: <errno text>` per unreadable file
  std::optional<std::string> fatal;     ///< the reference would end here
  std::vector<std::string> files_read;  ///< every `/path`, also those that could not be read
};

/// Parses `text`, the expanded value of the parameter `list_name`, which appears in the texts. Files are read
/// the 3.7 way: each physical line is parsed by itself, lines that begin with `#` are skipped. Files may name
/// files; a file that names itself ends as a `fatal` after 100 levels (the reference runs out of memory).
[[nodiscard]] MatchList parse_match_list(std::string_view list_name, std::string_view text,
                                         const ReadFile& read_file);

}  // namespace uflush
