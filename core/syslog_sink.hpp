#pragma once

#include <string>
#include <string_view>

#include <syslog.h>

#include "core/datagram_sink.hpp"

namespace uflush {

/// The LOG_* level of <syslog.h> that Postfix uses for a severity (BEHAVIOUR.md 7.1): fatal and panic are
/// both LOG_CRIT.
[[nodiscard]] int syslog_level(Severity severity) noexcept;

/// Sends records to the system log: `<PRI>Mmm dd hh:mm:ss TAG[pid]: TEXT` (BEHAVIOUR.md 7.1), the bytes of
/// syslog(3), which blocks while the logger stands still.
///
/// Like that it connects to /dev/log when it is made, so that it works on after chroot(2); connects again,
/// by the same name, when the logger has been restarted; and makes do with a stream socket.
class SyslogSink final : public DatagramSink {
 public:
  /// `facility` is a LOG_* value, for example LOG_MAIL.
  SyslogSink(std::string tag, int facility, std::string path = _PATH_LOG);

 private:
  [[nodiscard]] std::string format(Severity severity, std::string_view text, std::time_t when) const override;

  std::string tag_;
  int facility_;
};

}  // namespace uflush
