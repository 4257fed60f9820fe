#include "core/shortage_log.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace uflush {
namespace {

std::string_view text_of(Shortage what) {
  switch (what) {
    case Shortage::threads:
      return "no thread to be had (see the limit of processes of mail_owner, and of the control group)";
    case Shortage::descriptors:
      return "no descriptor to be had (see the limits of open files of the process and of the system)";
    case Shortage::memory:
      return "no memory to be had (see the limits of memory of the process, of the control group and of the "
             "kernel)";
    case Shortage::receive_buffers:
      return "unfinished requests of all clients together are too large";
  }
  return "";
}

}  // namespace

void ShortageLog::report(Shortage what, Error why) {
  Kind& kind = kinds_[static_cast<std::size_t>(what)];
  const Instant now = clock_.now();
  if (kind.logged && now < *kind.logged + pause) {
    ++kind.untold;
    return;
  }
  kind.logged = now;
  const std::uint64_t untold = std::exchange(kind.untold, 0);
  const std::string since =
      untold == 0 ? "" : fmt::format("; {} times more since the last such record", untold);
  log_.warning("{}: {}: requests fail or are served late{}", text_of(what), why.message(), since);
}

}  // namespace uflush
