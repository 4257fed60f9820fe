#pragma once

#include <string>
#include <string_view>

#include "core/log.hpp"
#include "io/fd.hpp"

namespace uflush {

/// The LOG_* level of <syslog.h> that Postfix uses for a severity (BEHAVIOUR.md 7.1): fatal and panic are
/// both LOG_CRIT.
[[nodiscard]] int syslog_level(Severity severity) noexcept;

/// Sends records to the system log through syslog(3), as `TAG[pid]: TEXT` (BEHAVIOUR.md 7.1).
///
/// Connects when it is made, so that it works on after chroot(2). The C library has one log connection per
/// process: at most one SyslogSink at a time.
class SyslogSink : public LogSink {
 public:
  /// `facility` is a LOG_* value, for example LOG_MAIL.
  SyslogSink(std::string tag, int facility);
  ~SyslogSink() override;

  void write(Severity severity, std::string_view text) override;
  /// For a connection of our own: nobody may use the C library's in a signal handler.
  [[nodiscard]] std::vector<PreparedRecord> prepare(Severity severity, std::string_view text,
                                                    std::time_t when) const override;

 private:
  std::string tag_;  // openlog(3) keeps a pointer into it
  int facility_;
  Fd own_connection_;
};

}  // namespace uflush
