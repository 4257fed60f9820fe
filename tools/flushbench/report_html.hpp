/// A run as one page to read, print and pass around: everything is in the file, nothing in it is a script.
#pragma once

#include <string>

#include "tools/flushbench/recorded_run.hpp"

namespace uflush::bench {

/// HTML that is well-formed XML, too.
[[nodiscard]] std::string as_html(const RecordedRun& run);

}  // namespace uflush::bench
