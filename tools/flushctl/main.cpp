/// flushctl(1): talks to the flush service by hand.
#include <cstdio>
#include <cstdlib>
#include <span>

#include <sysexits.h>

#include "core/config.hpp"
#include "core/eligible_sites.hpp"
#include "core/fatal.hpp"
#include "core/log.hpp"
#include "core/postmap.hpp"
#include "core/version.hpp"
#include "io/read_file.hpp"
#include "tools/flushctl/command_line.hpp"
#include "tools/flushctl/effective_config.hpp"
#include "tools/flushctl/flush_server.hpp"
#include "tools/flushctl/verdict.hpp"

namespace uflush {
namespace {

constexpr std::chrono::seconds ping_timeout{10};

/// Where main.cf is: as Postfix's own commands look for it.
std::string config_directory(const Invocation& invocation) {
  if (invocation.config_directory) return *invocation.config_directory;
  const char* environment = std::getenv("MAIL_CONFIG");
  return environment != nullptr ? environment : "/etc/postfix";
}

/// The parameters in `directory`, for a program and a service of these names.
LoadedConfig load(const std::string& directory, const char* process_name) {
  ConfigSource source;
  source.config_directory = directory;
  source.process_name = process_name;
  source.service_name = "flush";
  source.system_hostname = system_hostname();
  source.read_file = read_file;
  return load_config(source);
}

/// The server that main.cf names.
ConfigResult<FlushServer> server_from_config(const std::string& directory) {
  const LoadedConfig loaded = load(directory, "flushctl");
  if (!loaded.config) return loaded.config.error();
  const Config& config = loaded.config.value();
  return FlushServer{.socket_path = config.queue_directory + "/public/" + config.flush_service_name,
                     .announces = config.uflush_announcement,
                     .patience = config.ipc_timeout};
}

ConfigResult<FlushServer> find_server(const Invocation& invocation) {
  FlushServer server;
  if (invocation.socket_path) {
    server.socket_path = *invocation.socket_path;
  } else {
    TRY(named, server_from_config(config_directory(invocation)));
    server = named;
  }
  if (invocation.action == Action::ping) server.patience = ping_timeout;
  if (invocation.timeout) server.patience = *invocation.timeout;
  return server;
}

/// Views into `invocation`.
FlushRequest request_of(const Invocation& invocation) {
  switch (invocation.action) {
    case Action::add:
      return AddRequest{invocation.site, invocation.queue_id};
    case Action::send_site:
      return SendSiteRequest{invocation.site};
    case Action::refresh:
      return RefreshRequest{};
    case Action::purge:
      return PurgeRequest{};
    default:
      // ping: no queue ID at all is answered BAD, without a trace (BEHAVIOUR.md 2.6, row 32).
      return SendFileRequest{invocation.queue_id};
  }
}

int complain(int exit_status, const std::string& text) {
  std::fprintf(stderr, "flushctl: %s\n", text.c_str());
  return exit_status;
}

/// Nobody reads what is said of the lists: the daemon says it.
class NoLog final : public LogSink {
 public:
  void write(Severity /*severity*/, std::string_view /*text*/) override {}
};

/// Asks the tables that need a plug-in of Postfix, as the daemon will have them asked.
void try_direct_tables(const Config& config) {
  NoLog nowhere;
  Log log(nowhere);
  const EligibilityConfig list{.fast_flush_domains = config.fast_flush_domains,
                               .parent_domain_matches_subdomains = config.parent_domain_matches_subdomains,
                               .smtputf8_enable = config.smtputf8_enable};
  const auto sites = EligibleSites::open(list, read_file, log);
  if (!sites) return;
  for (const std::string& table : sites->direct_tables()) {
    const auto answer = ask_postmap(postmap_settings(config), table, std::string(trial_key));
    if (answer.lookup == Lookup::failed)
      std::fprintf(stderr, "flushctl: warning: %s\n", cannot_be_asked(table, answer.text).c_str());
  }
}

int show_config(const Invocation& invocation) {
  const LoadedConfig loaded = load(config_directory(invocation), "uflush");
  for (const std::string& warning : loaded.warnings)
    std::fprintf(stderr, "flushctl: warning: %s\n", warning.c_str());
  if (!loaded.config) return complain(EX_CONFIG, loaded.config.error().text);
  try_direct_tables(loaded.config.value());
  return std::fputs(in_postconf_form(loaded).c_str(), stdout) < 0 ? EX_IOERR : EX_OK;
}

int run(std::span<const char* const> arguments) {
  const auto parsed = parse_command_line(arguments);
  if (!parsed) return complain(EX_USAGE, parsed.error().text + " (see flushctl --help)");
  const Invocation& invocation = parsed.value();
  if (invocation.action == Action::show_help)
    return std::fputs(flushctl_usage, stdout) < 0 ? EX_IOERR : EX_OK;
  if (invocation.action == Action::show_version)
    return std::printf("flushctl %s\n", version) < 0 ? EX_IOERR : EX_OK;
  if (invocation.action == Action::show_config) return show_config(invocation);

  const auto server = find_server(invocation);
  if (!server) return complain(EX_CONFIG, server.error().text);
  const Verdict verdict = judge(invocation, ask(server.value(), request_of(invocation)));
  if (verdict.exit_status != EX_OK) return complain(verdict.exit_status, verdict.text);
  if (!invocation.quiet) std::printf("%s\n", verdict.text.c_str());
  return EX_OK;
}

}  // namespace
}  // namespace uflush

int main(int argc, char** argv) {
  return uflush::run(std::span<const char* const>(argv, static_cast<std::size_t>(argc)));
}
