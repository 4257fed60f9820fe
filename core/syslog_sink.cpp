#include "core/syslog_sink.hpp"

#include <utility>

#include <syslog.h>

namespace uflush {

int syslog_level(Severity severity) noexcept {
  switch (severity) {
    case Severity::info:
      return LOG_INFO;
    case Severity::warning:
      return LOG_WARNING;
    case Severity::error:
      return LOG_ERR;
    case Severity::fatal:
    case Severity::panic:
      return LOG_CRIT;
  }
  return LOG_INFO;
}

SyslogSink::SyslogSink(std::string tag, int facility) : tag_(std::move(tag)) {
  openlog(tag_.c_str(), LOG_NDELAY | LOG_PID, facility);
}

SyslogSink::~SyslogSink() {
  closelog();
}

void SyslogSink::write(Severity severity, std::string_view text) {
  const std::string record = fmt::format("{}{}", severity_prefix(severity), text);
  syslog(syslog_level(severity), "%s", record.c_str());
}

}  // namespace uflush
