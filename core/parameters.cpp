#include "core/parameters.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <syslog.h>

namespace uflush {
namespace {

struct Facility {
  std::string_view name;
  int code;
};

constexpr Facility facilities[] = {
    {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},     {"daemon", LOG_DAEMON},
    {"ftp", LOG_FTP},       {"kern", LOG_KERN},         {"lpr", LOG_LPR},       {"mail", LOG_MAIL},
    {"news", LOG_NEWS},     {"syslog", LOG_SYSLOG},     {"user", LOG_USER},     {"uucp", LOG_UUCP},
    {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
    {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},     {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

/// In a parameter of ours, whose place the warning names.
ConfigError unrecognized(std::string_view name, std::string_view text) {
  return ConfigError{"parameter " + std::string(name) + ": unrecognized value: " + std::string(text)};
}

ConfigError unrecognized(const Config& config, std::string_view name, std::string_view text) {
  return ConfigError{"file " + config.config_directory + "/main.cf: parameter " + std::string(name) +
                     ": unrecognized value: " + std::string(text)};
}

ConfigResult<void> parse_level(Config& config, std::string_view text) {
  const auto level = parse_compatibility_level(text);
  if (!level) return ConfigError{malformed_level_text(text)};
  config.compatibility_level = *level;
  return outcome::success();
}

ConfigResult<void> parse_facility(Config& config, std::string_view text) {
  const auto* const known = std::find_if(std::begin(facilities), std::end(facilities),
                                         [&](const Facility& each) { return each.name == text; });
  if (known == std::end(facilities)) return unrecognized(config, "syslog_facility", text);
  config.syslog_facility = text;
  config.syslog_facility_code = known->code;
  return outcome::success();
}

ConfigResult<void> parse_durability(Config& config, std::string_view text) {
  if (text != "none" && text != "sync") return unrecognized("uflush_durability", text);
  config.uflush_durability = text == "sync" ? Durability::sync : Durability::none;
  return outcome::success();
}

ConfigResult<void> parse_backend(Config& config, std::string_view text) {
  if (text == "auto") {
    config.uflush_backend = RingBackend::automatic;
  } else if (text == "io_uring") {
    config.uflush_backend = RingBackend::io_uring;
  } else if (text == "portable") {
    config.uflush_backend = RingBackend::portable;
  } else {
    return unrecognized("uflush_backend", text);
  }
  return outcome::success();
}

ConfigResult<void> parse_sandbox(Config& config, std::string_view text) {
  if (text == "auto") {
    config.uflush_sandbox = Sandbox::automatic;
  } else if (text == "no") {
    config.uflush_sandbox = Sandbox::no;
  } else if (text == "required") {
    config.uflush_sandbox = Sandbox::required;
  } else {
    return unrecognized(config, "uflush_sandbox", text);
  }
  return outcome::success();
}

constexpr std::string_view parent_domain_default =
    "debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,"
    "relay_domains,smtpd_access_maps";

// Rows without a member are there for the sake of values that name them, such as
// `relay_domains = $default_database_type:$config_directory/relay`; their defaults are Debian's.
constexpr Parameter rows[] = {
    {"compatibility_level", "0", ParsedParameter{parse_level}},
    {"mail_version", "3.7.11", StrParameter{nullptr, 1}},
    {"syslog_facility", "mail", ParsedParameter{parse_facility, 1}},
    {"inet_protocols", "all", StrParameter{}},
    {"multi_instance_name", "", StrParameter{&Config::multi_instance_name}},
    {"maillog_file", "", StrParameter{&Config::maillog_file}},
    {"maillog_file_prefixes", "/var, /dev/stdout", StrParameter{&Config::maillog_file_prefixes, 1}},
    {"maillog_file_compressor", "gzip", StrParameter{}},
    {"maillog_file_rotate_suffix", "%Y%m%d-%H%M%S", StrParameter{}},
    {"postlog_service_name", "postlog", StrParameter{&Config::postlog_service_name, 1}},
    {"dnssec_probe", "ns:.", StrParameter{}},
    {"known_tcp_ports", "lmtp=24, smtp=25, smtps=submissions=465, submission=587", StrParameter{}},
    {"daemon_table_open_error_is_fatal", "no", BoolParameter{&Config::daemon_table_open_error_is_fatal}},
    {"smtputf8_enable", "${{$compatibility_level} <level {1} ? {no} : {yes}}",
     BoolParameter{&Config::smtputf8_enable}},
    {"enable_idna2003_compatibility", "no", BoolParameter{&Config::enable_idna2003_compatibility}},
    {"respectful_logging", "${{$compatibility_level} <level {3.6} ? {no} : {yes}}", StrParameter{}},
    {"myhostname", "", HostNames{}},
    {"mail_name", "Postfix", StrParameter{nullptr, 1}},
    {"syslog_name", "${multi_instance_name?{$multi_instance_name}:{postfix}}",
     StrParameter{&Config::syslog_name, 1}},
    {"mail_owner", "postfix", StrParameter{&Config::mail_owner, 1}},
    {"mydestination", "$myhostname, localhost.$mydomain, localhost", StrParameter{&Config::mydestination}},
    {"myorigin", "$myhostname", StrParameter{}},
    {"daemon_directory", "/usr/lib/postfix/sbin", StrParameter{}},
    {"data_directory", "/var/lib/postfix", StrParameter{}},
    {"command_directory", "/usr/sbin", StrParameter{&Config::command_directory}},
    {"queue_directory", "/var/spool/postfix", StrParameter{&Config::queue_directory, 1}},
    {"process_id_directory", "pid", StrParameter{}},
    {"inet_interfaces", "all", StrParameter{}},
    {"meta_directory", "/etc/postfix", StrParameter{}},
    {"shlib_directory", "/usr/lib/postfix", StrParameter{}},
    {"setgid_group", "postdrop", StrParameter{}},
    {"default_database_type", "hash", StrParameter{}},
    {"hash_queue_names", "deferred, defer", StrParameter{&Config::hash_queue_names, 1}},
    {"relay_domains", "${{$compatibility_level} <level {2} ? {$mydestination} : {}}",
     StrParameter{&Config::relay_domains}},
    {"fast_flush_domains", "$relay_domains", StrParameter{&Config::fast_flush_domains}},
    {"parent_domain_matches_subdomains", parent_domain_default,
     StrParameter{&Config::parent_domain_matches_subdomains}},
    {"queue_service_name", "qmgr", StrParameter{&Config::queue_service_name, 1}},
    {"flush_service_name", "flush", StrParameter{&Config::flush_service_name, 1}},
    {"proxymap_service_name", "proxymap", StrParameter{&Config::proxymap_service_name, 1}},
    {"max_use", "100", IntParameter{&Config::max_use, {.min = 1}}},
    {"hash_queue_depth", "1", IntParameter{&Config::hash_queue_depth, {.min = 1}}},
    {"max_idle", "100s", TimeParameter{&Config::max_idle}},
    {"ipc_timeout", "3600s", TimeParameter{&Config::ipc_timeout}},
    {"ipc_idle", "5s", TimeParameter{&Config::ipc_idle}},
    {"ipc_ttl", "1000s", TimeParameter{&Config::ipc_ttl}},
    {"trigger_timeout", "10s", TimeParameter{&Config::trigger_timeout}},
    {"daemon_timeout", "18000s", TimeParameter{&Config::daemon_timeout}},
    {"fast_flush_refresh_time", "12h", TimeParameter{&Config::fast_flush_refresh_time}},
    {"fast_flush_purge_time", "7d", TimeParameter{&Config::fast_flush_purge_time}},
    {"uflush_durability", "none", ParsedParameter{parse_durability}},
    {"uflush_backend", "auto", ParsedParameter{parse_backend}},
    {"uflush_sandbox", "auto", ParsedParameter{parse_sandbox}},
    {"uflush_busy_wait_us", "100", IntParameter{&Config::uflush_busy_wait_us, {.min = 0, .max = 1000}}},
    {"uflush_table_timeout", "10s", TimeParameter{&Config::uflush_table_timeout}},
    {"uflush_table_cache_time", "5s",
     TimeParameter{&Config::uflush_table_cache_time, {.min = std::chrono::seconds{0}}}},
    {"uflush_announcement", "yes", BoolParameter{&Config::uflush_announcement}},
    {"uflush_answer_when_broken", "yes", BoolParameter{&Config::uflush_answer_when_broken}},
};

}  // namespace

std::span<const Parameter> parameters() noexcept {
  return rows;
}

}  // namespace uflush
