/// What flushctl config prints.
#pragma once

#include <string>

#include "core/config.hpp"

namespace uflush {

/// `name = value` lines, sorted by name, as `postconf -x` writes them: with one space for each run
/// of blanks in a value. For a configuration without errors.
[[nodiscard]] std::string in_postconf_form(const LoadedConfig& loaded);

}  // namespace uflush
