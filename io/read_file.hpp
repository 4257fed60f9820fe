/// A whole file at once, for configuration: main.cf, pattern files. Blocks; meant for start-up.
#pragma once

#include <string>

#include "io/result.hpp"

namespace uflush {

/// The contents of the file, or the errno of the call that failed (EISDIR for a directory).
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace uflush
