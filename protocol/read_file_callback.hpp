/// How code without I/O asks for the contents of a file.
#pragma once

#include <functional>
#include <string>

#include "io/result.hpp"

namespace uflush {

/// Called with a path as it stands in the configuration (a relative one is relative to the working
/// directory); answers with the whole contents or with the errno. A directory is a failure: EISDIR.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

}  // namespace uflush
