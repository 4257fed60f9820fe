#include "core/syslog_sink.hpp"

#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "core/log_time.hpp"

namespace uflush {
namespace {

Fd connect_to_system_log() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, _PATH_LOG, sizeof address.sun_path - 1);
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Only the datagram socket API asks for this cast.
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  return socket;
}

}  // namespace

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

SyslogSink::SyslogSink(std::string tag, int facility)
    : tag_(std::move(tag)), facility_(facility), own_connection_(connect_to_system_log()) {
  openlog(tag_.c_str(), LOG_NDELAY | LOG_PID, facility);
}

SyslogSink::~SyslogSink() {
  closelog();
}

void SyslogSink::write(Severity severity, std::string_view text) {
  const std::string record = fmt::format("{}{}", severity_prefix(severity), text);
  syslog(syslog_level(severity), "%s", record.c_str());
}

std::vector<PreparedRecord> SyslogSink::prepare(Severity severity, std::string_view text,
                                                std::time_t when) const {
  if (!own_connection_) return {};
  return {{own_connection_.get(), fmt::format("<{}>{} {}[{}]: {}{}", facility_ | syslog_level(severity),
                                              log_time(when, LogDay::padded_with_blank), tag_, ::getpid(),
                                              severity_prefix(severity), text)}};
}

}  // namespace uflush
