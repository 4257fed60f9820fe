/// Log records in the words and at the levels of Postfix (BEHAVIOUR.md 7).
///
/// `Log` formats, cleans and cuts the text; a `LogSink` takes the finished record somewhere (syslog,
/// postlogd, stderr, a test's memory). Used from the loop thread only: jobs in the pool report their findings
/// as values.
#pragma once

#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

namespace uflush {

enum class Severity : std::uint8_t { info, warning, error, fatal, panic };

/// The word in front of the text: "warning: " and so on, empty for info.
[[nodiscard]] std::string_view severity_prefix(Severity severity) noexcept;

/// A record that is ready to be written by a signal handler: to a socket or pipe, in one piece.
struct PreparedRecord {
  int fd = -1;
  std::string bytes;
};

/// Where records go.
class LogSink {
 public:
  LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  virtual ~LogSink() = default;

  /// `text` is clean, at most 2000 bytes, and comes without its severity word.
  virtual void write(Severity severity, std::string_view text) = 0;

  /// The same as bytes, for somebody who can only send them: dated `when`. Nothing when there is no
  /// connection to send them through.
  [[nodiscard]] virtual std::vector<PreparedRecord> prepare(Severity /*severity*/, std::string_view /*text*/,
                                                            std::time_t /*when*/) const {
    return {};
  }
};

/// Replaces what must not reach a log by `?`: control characters and DEL, and bytes that are not ASCII unless
/// `keep_utf8` is set and they look like UTF-8 (lead byte >= 0xC2 with its continuation bytes).
/// BEHAVIOUR.md 7.5.
[[nodiscard]] std::string clean_log_text(std::string_view text, bool keep_utf8);

/// Formats records and hands them to the sink. Does not own the sink.
class Log {
 public:
  explicit Log(LogSink& sink) : sink_(sink) {}

  template <typename... A>
  void info(fmt::format_string<A...> format, A&&... arguments) {
    record(Severity::info, fmt::format(format, std::forward<A>(arguments)...));
  }
  template <typename... A>
  void warning(fmt::format_string<A...> format, A&&... arguments) {
    record(Severity::warning, fmt::format(format, std::forward<A>(arguments)...));
  }
  template <typename... A>
  void error(fmt::format_string<A...> format, A&&... arguments) {
    record(Severity::error, fmt::format(format, std::forward<A>(arguments)...));
  }
  /// Writes a fatal record. Unlike Postfix's msg_fatal it returns: the caller decides what ends (request,
  /// connection or process).
  template <typename... A>
  void fatal(fmt::format_string<A...> format, A&&... arguments) {
    record(Severity::fatal, fmt::format(format, std::forward<A>(arguments)...));
  }

  /// Cleans, cuts to 2000 bytes and writes.
  void record(Severity severity, std::string_view text);
  /// What a job has to say: the log belongs to the loop's thread. Where there may be many texts, see
  /// core/log_in_pieces.hpp.
  void record_all(Severity severity, std::span<const std::string> texts);

  /// `-v` given: callers test this before they format anything for info().
  [[nodiscard]] int verbose() const noexcept { return verbose_; }
  void set_verbose(int level) noexcept { verbose_ = level; }
  /// smtputf8_enable: keep UTF-8 in the text.
  void set_keep_utf8(bool keep) noexcept { keep_utf8_ = keep; }

 private:
  LogSink& sink_;
  int verbose_ = 0;
  bool keep_utf8_ = false;
};

}  // namespace uflush
