#include "core/stderr_sink.hpp"

#include <unistd.h>

namespace uflush {

void StderrSink::write(Severity severity, std::string_view text) {
  const std::string line = fmt::format("{}: {}{}\n", tag_, severity_prefix(severity), text);
  // One write per line, so that lines of several processes do not mix.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace uflush
