#include "core/log_output.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <iterator>
#include <utility>

#include <syslog.h>

#include "core/postlog_sink.hpp"
#include "core/stderr_sink.hpp"
#include "core/syslog_sink.hpp"

namespace uflush {
namespace {

std::string environment(const char* name, const char* when_unset) {
  const char* value = std::getenv(name);
  return value == nullptr ? when_unset : value;
}

std::string postlog_path(const Config& config) {
  return fmt::format("{}/public/{}", config.queue_directory, config.postlog_service_name);
}

}  // namespace

LogSettings log_settings_from_environment(std::string_view process_name) {
  LogSettings settings;
  settings.tag = fmt::format("{}/{}", environment("MAIL_LOGTAG", "postfix"), process_name);
  settings.syslog_facility = LOG_MAIL;
  settings.postlog_path = environment("POSTLOG_SERVICE", "");
  settings.postlog_host = environment("POSTLOG_HOSTNAME", "");
  return settings;
}

LogSettings log_settings_from_config(const Config& config) {
  LogSettings settings;
  settings.tag = fmt::format("{}/{}", config.syslog_name, config.process_name);
  settings.syslog_facility = config.syslog_facility_code;
  if (!config.maillog_file.empty()) settings.postlog_path = postlog_path(config);
  settings.postlog_host = config.myhostname;
  return settings;
}

OrFatal<void> check_maillog_file(const Config& config) {
  constexpr std::string_view separators = ", \t\r\n";
  if (config.maillog_file.empty()) return outcome::success();
  const std::string_view prefixes = config.maillog_file_prefixes;
  std::size_t begin = prefixes.find_first_not_of(separators);
  while (begin != std::string_view::npos) {
    const std::size_t end = prefixes.find_first_of(separators, begin);
    if (config.maillog_file.starts_with(prefixes.substr(begin, end - begin))) return outcome::success();
    begin = prefixes.find_first_not_of(separators, end);
  }
  return Fatal{fmt::format("maillog_file value '{}' does not match any prefix in maillog_file_prefixes",
                           config.maillog_file)};
}

void export_log_settings(const Config& config) {
  setenv("MAIL_LOGTAG", config.syslog_name.c_str(), 1);
  if (config.maillog_file.empty()) {
    unsetenv("POSTLOG_SERVICE");
    unsetenv("POSTLOG_HOSTNAME");
  } else {
    setenv("POSTLOG_SERVICE", postlog_path(config).c_str(), 1);
    setenv("POSTLOG_HOSTNAME", config.myhostname.c_str(), 1);
  }
}

LogOutput::LogOutput(const LogSettings& settings) {
  open(settings);
}

LogOutput::~LogOutput() = default;

void LogOutput::open(const LogSettings& settings) {
  settings_ = settings;
  if (!settings.to_system_log) {
    // stderr alone
  } else if (settings.postlog_path.empty()) {
    system_log_ = std::make_unique<SyslogSink>(settings.tag, settings.syslog_facility);
  } else {
    system_log_ = std::make_unique<PostlogSink>(settings.postlog_path, settings.postlog_host, settings.tag);
  }
  if (!settings.stderr_tag.empty()) stderr_ = std::make_unique<StderrSink>(settings.stderr_tag);
}

void LogOutput::reopen(const LogSettings& settings) {
  if (settings == settings_ || diverted_ != nullptr) return;
  flush_within(last_words_limit);
  system_log_.reset();
  stderr_.reset();
  open(settings);
}

void LogOutput::write(Severity severity, std::string_view text) {
  if (diverted_ != nullptr) return diverted_->write(severity, text);
  if (system_log_) system_log_->write(severity, text);
  if (stderr_) stderr_->write(severity, text);
  if (backlog_ && waiting() > 0) backlog_();
}

std::vector<PreparedRecord> LogOutput::prepare(Severity severity, std::string_view text,
                                               std::time_t when) const {
  std::vector<PreparedRecord> records;
  for (const LogSink* sink : std::initializer_list<const LogSink*>{system_log_.get(), stderr_.get()}) {
    if (sink == nullptr) continue;
    std::vector<PreparedRecord> more = sink->prepare(severity, text, when);
    std::move(more.begin(), more.end(), std::back_inserter(records));
  }
  return records;
}

void LogOutput::entered_queue_directory_root(const Config& config) {
  // The system log keeps its name: there may be a /dev/log below the new root.
  if (system_log_ && !config.maillog_file.empty())
    system_log_->set_path(fmt::format("/public/{}", config.postlog_service_name));
}

std::size_t LogOutput::waiting() const noexcept {
  return system_log_ ? system_log_->waiting() : 0;
}

bool LogOutput::flush() {
  return !system_log_ || system_log_->flush();
}

bool LogOutput::flush_within(std::chrono::milliseconds limit) {
  return !system_log_ || system_log_->flush_within(limit);
}

}  // namespace uflush
