/// The configuration of the daemon: main.cf, overridden from the command line, expanded, checked
/// (BEHAVIOUR.md 6).
///
/// `Config` is a value: loaded once before the privilege drop, never changed afterwards. When a file that it
/// came from changes, the process finishes its work and makes room for a new one (docs/architecture.md).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "core/setting_places.hpp"
#include "protocol/parameter_types.hpp"
#include "protocol/read_file_callback.hpp"

namespace uflush {

/// When an `add` is answered: once the kernel has the bytes, or once the disk has them.
enum class Durability { none, sync };

/// Who carries out ring operations: `automatic` (spelled `auto` in main.cf) takes io_uring where it works;
/// `io_uring` does the same, and its warning says that it was wished for.
enum class RingBackend { automatic, io_uring, portable };

/// Whether the process is confined beyond its user and its root directory: `automatic` (`auto`) as far as the
/// system allows, `required` fails to start where it does not allow everything.
enum class Sandbox { automatic, no, required };

/// Every parameter that influences flush(8), by its own name, expanded and within its limits. Units of time
/// are seconds. The values here are the built-in defaults with compatibility_level 0, for tests that need
/// just a few of them; load_config() evaluates the defaults in full.
struct Config {
  // Not from main.cf: what the process was started with.
  std::string config_directory = "/etc/postfix";
  std::string process_name = "uflush";
  std::string service_name = "uflush";

  CompatibilityLevel compatibility_level{};

  // Logging (BEHAVIOUR.md 7).
  std::string syslog_facility = "mail";
  int syslog_facility_code = 2 << 3;  ///< the same as a LOG_* value of <syslog.h>
  std::string syslog_name = "postfix";
  std::string multi_instance_name;
  std::string maillog_file;
  std::string maillog_file_prefixes = "/var, /dev/stdout";
  std::string postlog_service_name = "postlog";
  std::string debugger_command;  ///< expanded; empty also when that failed: only -D wants it

  // Who and where we are.
  std::string myhostname = "localhost.localdomain";
  std::string mydomain = "localdomain";
  std::string mydestination = "localhost.localdomain, localhost.localdomain, localhost";
  std::string mail_owner = "postfix";
  std::string command_directory = "/usr/sbin";
  std::string queue_directory = "/var/spool/postfix";

  // The queue, and the neighbours.
  std::string hash_queue_names = "deferred, defer";
  int hash_queue_depth = 1;
  std::string queue_service_name = "qmgr";
  std::string flush_service_name = "flush";
  std::string proxymap_service_name = "proxymap";

  // Which sites have a log (BEHAVIOUR.md 5): pattern lists, see protocol/match_list.hpp.
  std::string relay_domains;
  std::string fast_flush_domains;
  std::string parent_domain_matches_subdomains =
      "debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,"
      "relay_domains,smtpd_access_maps";
  bool daemon_table_open_error_is_fatal = false;
  bool smtputf8_enable = false;
  bool enable_idna2003_compatibility = false;

  // Limits of the process. main.cf's max_use is not applied by a long-lived daemon; one that master.cf gives
  // (-m, -o max_use=) is.
  int max_use = 100;
  std::optional<int> max_use_explicit;
  std::chrono::seconds max_idle{100};
  std::chrono::seconds ipc_timeout{3600};
  std::chrono::seconds ipc_idle{5};
  std::chrono::seconds ipc_ttl{1000};
  std::chrono::seconds trigger_timeout{10};
  std::chrono::seconds daemon_timeout{18000};
  std::chrono::seconds fast_flush_refresh_time{12 * 3600};
  std::chrono::seconds fast_flush_purge_time{7 * 24 * 3600};

  // Our own.
  Durability uflush_durability = Durability::none;
  RingBackend uflush_backend = RingBackend::automatic;
  Sandbox uflush_sandbox = Sandbox::automatic;
  int uflush_busy_wait_us = 100;                    ///< before the loop sleeps, at most; 0: never
  std::chrono::seconds uflush_table_timeout{10};    ///< for an answer of proxymap(8)
  std::chrono::seconds uflush_table_cache_time{5};  ///< how long such an answer is good; 0: never twice
  bool uflush_announcement = true;        ///< no: for clients of Postfix 3.4 and 3.5 (BEHAVIOUR.md 9)
  bool uflush_answer_when_broken = true;  ///< a start that fails answers FAIL for a while
};

/// Splits the argument of `-o`. Fails with the reference's text (BEHAVIOUR.md 1.3).
[[nodiscard]] ConfigResult<ConfigOverride> parse_override(std::string_view argument);

/// Where a configuration comes from.
struct ConfigSource {
  std::string config_directory = "/etc/postfix";  ///< $MAIL_CONFIG, or the compiled-in default
  std::vector<ConfigOverride> overrides;          ///< in the order of argv: a later one wins
  std::string process_name = "uflush";            ///< basename(argv[0])
  std::string service_name = "uflush";            ///< -n, default basename(argv[0])
  std::string system_hostname = "localhost";      ///< what gethostname(2) says: see system_hostname()
  long process_id = 0;                            ///< $process_id in debugger_command, unless 0
  bool started_by_master = true;                  ///< `overrides` stand in master.cf
  ReadFile read_file;                             ///< must be set; io/read_file.hpp has the real one
};

/// What came of it. `warnings` (without severity word) belong before the fatal text, if there is one.
struct LoadedConfig {
  ConfigResult<Config> config;
  std::vector<std::string> warnings;
  /// Name and text of every parameter in Config, expanded, in the order of evaluation; up to the first error.
  std::vector<std::pair<std::string, std::string>> effective;
  std::vector<std::string> files_read;  ///< absolute or as named, also when unreadable
  SettingPlaces places;
  /// With an error in `config`: the parameter that is at fault; empty when it is the file as a whole.
  std::string faulty_parameter;
};

/// Reads `config_directory`/main.cf, lays uflush.cf (core/uflush_cf.hpp) and the overrides over it, and
/// evaluates the parameters in the reference's order: a parameter's default can be seen through `$name` only
/// by those that come later (BEHAVIOUR.md 6.2, 6.5).
///
/// A fault in a parameter of ours (`uflush_*`) is a warning, and the parameter has its default: nothing of
/// ours may stop mail.
[[nodiscard]] LoadedConfig load_config(const ConfigSource& source);

/// What can be had of a configuration that load_config() refuses: each parameter that is at fault has its
/// default, and lines that make no sense are passed over. Without complaints: load_config() has complained.
[[nodiscard]] Config load_what_can_be_had(const ConfigSource& source);

/// gethostname(2).
[[nodiscard]] std::string system_hostname();

/// The user that `-u` switches to.
struct MailOwner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Looks `config.mail_owner` up in the password file: it must exist, and neither its user nor its group may
/// be root's (BEHAVIOUR.md 6.5). That default_privs and setgid_group are others is not checked: flush uses
/// neither.
[[nodiscard]] ConfigResult<MailOwner> check_mail_owner(const Config& config);

}  // namespace uflush
