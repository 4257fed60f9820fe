#include "core/stderr_sink.hpp"

#include <unistd.h>

namespace uflush {

std::string StderrSink::line(Severity severity, std::string_view text) const {
  return fmt::format("{}: {}{}\n", tag_, severity_prefix(severity), text);
}

void StderrSink::write(Severity severity, std::string_view text) {
  const std::string whole = line(severity, text);
  // One write per line, so that lines of several processes do not mix.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, whole.data(), whole.size());
}

std::vector<PreparedRecord> StderrSink::prepare(Severity severity, std::string_view text,
                                                std::time_t /*when*/) const {
  return {{STDERR_FILENO, line(severity, text)}};
}

}  // namespace uflush
