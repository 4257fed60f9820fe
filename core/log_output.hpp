/// Where the daemon's records go: to syslog or to postlogd, and to stderr as well if asked (BEHAVIOUR.md
/// 1.2, 1.4, 7).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/config.hpp"
#include "core/fatal.hpp"
#include "core/log.hpp"

namespace uflush {

class DatagramSink;

/// A choice of destinations, as data.
struct LogSettings {
  std::string tag;            ///< `postfix/flush`
  int syslog_facility = 0;    ///< LOG_* value, used when `postlog_path` is empty
  std::string postlog_path;   ///< absolute path of postlogd's socket
  std::string postlog_host;   ///< the sink cuts it at its first dot
  bool to_system_log = true;  ///< no: stderr alone
  std::string stderr_tag;     ///< not empty: also to stderr, with this in front

  friend bool operator==(const LogSettings&, const LogSettings&) = default;
};

/// What is known before main.cf is read: the environment (MAIL_LOGTAG, POSTLOG_SERVICE, POSTLOG_HOSTNAME).
[[nodiscard]] LogSettings log_settings_from_environment(std::string_view process_name);

/// What the parameters say.
[[nodiscard]] LogSettings log_settings_from_config(const Config& config);

/// maillog_file must start with one of maillog_file_prefixes, byte for byte (BEHAVIOUR.md 7.3). Holds when
/// maillog_file is empty.
[[nodiscard]] OrFatal<void> check_maillog_file(const Config& config);

/// Hands the same choice to the programs that this process starts: MAIL_LOGTAG is set, POSTLOG_SERVICE and
/// POSTLOG_HOSTNAME are set or removed.
void export_log_settings(const Config& config);

/// How long a process may wait at its end for a logger that stands still.
inline constexpr std::chrono::milliseconds last_words_limit{1000};

/// The sink for everything the daemon logs. Owns the sinks behind it.
class LogOutput : public LogSink {
 public:
  explicit LogOutput(const LogSettings& settings);
  ~LogOutput() override;

  void write(Severity severity, std::string_view text) override;
  [[nodiscard]] std::vector<PreparedRecord> prepare(Severity severity, std::string_view text,
                                                    std::time_t when) const override;

  /// Goes on with other settings; waits up to `last_words_limit` for the old logger to take what waits. Does
  /// nothing when they are the same.
  void reopen(const LogSettings& settings);

  /// From here on all records go to `sink` alone, whatever the settings say. Borrows it.
  void divert(LogSink& sink) { diverted_ = &sink; }

  /// To be called after chroot($queue_directory): a lost connection to postlogd is made again through
  /// `public/<postlog_service_name>`, relative to the new root. One to syslogd is sought at /dev/log, as
  /// ever.
  void entered_queue_directory_root(const Config& config);

  /// Calls `callback` after each record that the logger would not take at once.
  void on_backlog(std::function<void()> callback) { backlog_ = std::move(callback); }

  /// Records that syslogd or postlogd has not taken yet. While there are some, flush() has to be called now
  /// and then.
  [[nodiscard]] std::size_t waiting() const noexcept;
  /// Sends what it takes without waiting. True when nothing is left.
  bool flush();
  /// The same, but waits up to `limit`: before the process ends.
  bool flush_within(std::chrono::milliseconds limit);

 private:
  void open(const LogSettings& settings);

  LogSettings settings_;
  LogSink* diverted_ = nullptr;
  std::unique_ptr<DatagramSink> system_log_;
  std::unique_ptr<LogSink> stderr_;
  std::function<void()> backlog_;
};

}  // namespace uflush
