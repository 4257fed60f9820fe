#include "core/syslog_sink.hpp"

#include <utility>

#include "core/log_time.hpp"

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

SyslogSink::SyslogSink(std::string tag, int facility, std::string path)
    : DatagramSink(std::move(path), "syslogd", Streams::taken), tag_(std::move(tag)), facility_(facility) {}

std::string SyslogSink::format(Severity severity, std::string_view text, std::time_t when) const {
  return fmt::format("<{}>{} {}", facility_ | syslog_level(severity),
                     log_time(when, LogDay::padded_with_blank), tagged(tag_, severity, text));
}

}  // namespace uflush
