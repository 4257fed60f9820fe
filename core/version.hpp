#pragma once

namespace uflush {

/// The release of uflush, as `--version` prints it.
extern const char* const version;

}  // namespace uflush
