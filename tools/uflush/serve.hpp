#pragma once

namespace uflush {

struct Startup;

/// Serves until there is nothing left to do (master gone, max_use, max_idle, changed configuration), and
/// returns the exit status.
[[nodiscard]] int serve(Startup& startup);

}  // namespace uflush
