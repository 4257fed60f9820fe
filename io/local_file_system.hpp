/// Which file systems only this machine changes.
#pragma once

namespace uflush {

/// True when inotify(7) tells everything that happens on the file system of `path`. A server or another
/// machine may change what lies on others, and inotify is silent about that. False as well when nobody can
/// say.
[[nodiscard]] bool is_on_local_file_system(const char* path) noexcept;

}  // namespace uflush
