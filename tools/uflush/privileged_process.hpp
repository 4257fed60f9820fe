/// The process that keeps the rights of who has started the daemon (core/privileged_protocol.hpp,
/// docs/security.md).
#pragma once

#include <functional>
#include <string>

#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {

/// Whether a start would succeed; `text` says why not.
struct RehearsedStart {
  bool would_start = false;
  std::string text;
};

/// Forks. The child holds nothing open but its end of a SOCK_SEQPACKET pair, looks tables up, looks at files
/// and, each time in a child of its own, calls `rehearse`; it ends when the other end, which is returned, is
/// closed. It ignores SIGTERM and SIGINT: the daemon obeys them, and its end is the end of this process too.
///
/// To be called early, while the process is small and has no threads.
[[nodiscard]] Result<Fd> start_privileged_process(const std::function<RehearsedStart()>& rehearse);

}  // namespace uflush
