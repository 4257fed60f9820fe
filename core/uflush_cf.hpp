/// uflush.cf: a file for the parameters of ours, beside main.cf.
///
/// In main.cf each `uflush_*` makes every command of Postfix print `unused parameter`. This file has
/// main.cf's grammar and its values may name every parameter of main.cf; it is optional. Its faults are
/// warnings: the line counts for nothing, the others do. Where both files set a parameter, this one counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/setting_places.hpp"
#include "protocol/main_cf.hpp"

namespace uflush {

inline constexpr std::string_view uflush_cf_name = "uflush.cf";

/// What the file says: names that begin with `uflush_` alone.
struct UflushCf {
  ParameterTable table;
  std::vector<std::string> warnings;
};

/// Reads the file; `path` appears in the texts.
[[nodiscard]] UflushCf parse_uflush_cf(std::string_view path, std::string_view contents);

/// One warning for each name in `table` that begins with `uflush_` and is none of our parameters, with the
/// nearest one. `contents` is what the table was read from.
[[nodiscard]] std::vector<std::string> unknown_parameter_warnings(const ParameterTable& table,
                                                                  std::string_view path,
                                                                  std::string_view contents);

/// The same for options; `place` is where they stand.
[[nodiscard]] std::vector<std::string> unknown_parameter_warnings(
    const std::vector<ConfigOverride>& overrides, std::string_view place);

}  // namespace uflush
