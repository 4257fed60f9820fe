#include "tools/uflush/startup.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/debugger.hpp"
#include "core/parameters.hpp"
#include "core/postmap.hpp"
#include "core/privileged_protocol.hpp"
#include "core/privileges.hpp"
#include "core/table/system_tables.hpp"
#include "core/version.hpp"
#include "io/check.hpp"
#include "io/local_file_system.hpp"
#include "io/older_calls.hpp"
#include "io/optional_calls.hpp"
#include "io/read_file.hpp"
#include "protocol/master_status.hpp"
#include "tools/uflush/broken_start.hpp"
#include "tools/uflush/confinement.hpp"
#include "tools/uflush/privileged_process.hpp"
#include "tools/uflush/standalone.hpp"

namespace uflush {
namespace {

Log* panic_log = nullptr;

void log_panic(const char* text) {
  if (panic_log != nullptr) panic_log->record(Severity::panic, text);
}

LogSettings nowhere() {
  LogSettings settings;
  settings.to_system_log = false;
  return settings;
}

bool has_master(const DaemonOptions& options) {
  return !options.serve_stdin && !options.standalone_directory;
}

/// The settings with the additions that the command line makes.
LogSettings with_options(LogSettings settings, const DaemonOptions& options) {
  if (options.standalone_directory) {
    settings.to_system_log = false;
    settings.stderr_tag = options.process_name;
  } else if (options.log_to_stderr) {
    settings.stderr_tag = settings.tag;
  }
  return settings;
}

void apply_environment(DaemonOptions& options) {
  if (std::getenv("MAIL_VERBOSE") != nullptr) ++options.verbose;
  if (std::getenv("MAIL_DEBUG") != nullptr) options.debugger = true;
}

void ignore_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void open_watch(Startup& startup) {
  Result<ConfigWatch> watch = ConfigWatch::open();
  if (watch) {
    startup.config_watch.emplace(std::move(watch.value()));
  } else {
    startup.no_inotify = fmt::format("inotify: {}: see sysctl fs.inotify", watch.error().message());
  }
}

/// Says once what has to be looked at to see that it has changed.
void report_unwatched(Startup& startup) {
  std::string what = startup.no_inotify;
  for (const Startup::Unwatched& file : startup.unwatched) {
    if (!what.empty()) what += ", ";
    what += fmt::format("{} ({})", file.path, file.reason);
  }
  if (!startup.files_elsewhere.empty()) {
    startup.log.info("not on a local file system, so others may change it without inotify telling: {}",
                     fmt::join(startup.files_elsewhere, ", "));
  }
  if (what.empty()) return;
  startup.log.warning("{} for changes: {}",
                      startup.privileged ? "looking every 10s instead of watching" : "cannot watch", what);
}

/// Tells the privileged process what it may be asked for, and lets it go.
void describe_to_privileged(Startup& startup) {
  using Kind = PrivilegedMessage::Kind;
  if (!startup.privileged) return;
  const auto send = [&](Kind kind, std::string text) {
    const std::string packet = encode_privileged({.kind = kind, .text = std::move(text)});
    if (startup.privileged && ::send(startup.privileged.get(), packet.data(), packet.size(), 0) < 0) {
      startup.log.warning("cannot talk to the privileged process: {}", last_error().message());
      startup.privileged.reset();
    }
  };
  for (const std::string& table : startup.direct_tables) send(Kind::table, table);
  for (const StampedFile& file : startup.files) send(Kind::file, encode_file(file));
  send(Kind::serve, encode_settings(postmap_settings(startup.config)));
}

ConfigSource config_source(Startup& startup) {
  const DaemonOptions& options = startup.options;
  ConfigSource source;
  const char* directory = std::getenv("MAIL_CONFIG");
  if (directory != nullptr) source.config_directory = directory;
  source.overrides = options.overrides;
  source.process_name = options.process_name;
  source.service_name = options.service_name;
  source.system_hostname = system_hostname();
  source.started_by_master = has_master(options);
  source.read_file = [&startup](const std::string& path) { return startup.watch_and_read(path); };
  if (options.standalone_directory) {
    source.overrides.push_back({"queue_directory", *options.standalone_directory});
    if (directory == nullptr) {
      // No Postfix needed: what -o does not say has its default, and every site is welcome.
      source.overrides.insert(source.overrides.begin(), {"fast_flush_domains", "static:all"});
      source.read_file = [](const std::string&) -> Result<std::string> { return std::string(); };
    }
  }
  return source;
}

/// Reads and checks the parameters; logs as the environment said until they are good, and as they say
/// afterwards.
OrFatal<void> configure(Startup& startup) {
  LoadedConfig loaded = load_config(config_source(startup));
  startup.places = std::move(loaded.places);
  for (const std::string& warning : loaded.warnings) startup.log.record(Severity::warning, warning);
  if (!loaded.config) {
    startup.name_option(loaded.faulty_parameter);
    return Fatal{loaded.config.error().text};
  }
  startup.config = std::move(loaded.config.value());
  startup.is_configured = true;
  if (has_master(startup.options) || startup.options.become_mail_owner) {
    const auto owner = check_mail_owner(startup.config);
    if (!owner) {
      startup.name_option("mail_owner");
      return Fatal{owner.error().text};
    }
    startup.mail_owner = owner.value();
  }
  const OrFatal<void> maillog = check_maillog_file(startup.config);
  if (!maillog) {
    for (const char* name : {"maillog_file", "maillog_file_prefixes"}) startup.name_option(name);
    return maillog.error();
  }
  startup.log_output.reopen(with_options(log_settings_from_config(startup.config), startup.options));
  startup.log.set_keep_utf8(startup.config.smtputf8_enable);
  export_log_settings(startup.config);
  return outcome::success();
}

OrFatal<void> check_not_run_by_hand(Startup& startup) {
  if (!has_master(startup.options) || startup.options.terminal_is_fine) return outcome::success();
  if (::isatty(STDIN_FILENO) == 0) return outcome::success();
  LogSettings settings = log_settings_from_config(startup.config);
  settings.stderr_tag = startup.options.process_name;
  startup.log_output.reopen(settings);
  return Fatal{"do not run this command by hand"};
}

OrFatal<std::uint32_t> read_generation(Log& log) {
  const char* text = std::getenv("GENERATION");
  if (text == nullptr) return 0U;
  const std::optional<std::uint32_t> generation = parse_generation(text);
  if (!generation) return Fatal{fmt::format("bad generation: {}", text)};
  if (log.verbose() > 0) log.info("process generation: {} ({:o})", text, *generation);
  return *generation;
}

OrFatal<void> take_listeners(Startup& startup) {
  for (int i = 0; i < startup.options.socket_count; ++i) {
    const int fd = first_listener_fd + i;
    const Result<bool> listening = is_listening(fd);
    if (!listening && !is_refused(OptionalCall::getsockopt, listening.error().number))
      return Fatal{fmt::format("listening socket: descriptor {}: {}", fd, listening.error().message())};
    if (listening && !listening.value())
      return Fatal{fmt::format("listening socket: descriptor {} does not listen", fd)};
    startup.listeners.push_back(fd);
  }
  return outcome::success();
}

OrFatal<void> enter_queue_directory(Startup& startup) {
  const std::string& directory = startup.config.queue_directory;
  if (::chdir(directory.c_str()) == 0) return outcome::success();
  const Error error = last_error();
  startup.name_option("queue_directory");
  return Fatal{fmt::format("chdir(\"{}\"): {}", directory, error.message())};
}

/// Without master(8): our own spool and our own door.
OrFatal<void> make_standalone(Startup& startup) {
  TRY_VOID(make_spool(startup.config.queue_directory));
  TRY_VOID(enter_queue_directory(startup));
  TRY(listener, listen_at("public/" + startup.config.flush_service_name));
  startup.own_listener = std::move(listener);
  startup.listeners.push_back(startup.own_listener.get());
  return outcome::success();
}

Confinement confinement(const DaemonOptions& options) {
  Confinement wishes;
  // Only as somebody who has privileges to lose: who started us by hand may want to debug.
  wishes.to_queue_directory = options.become_mail_owner && !options.chroot;
  wishes.calls.makes_listener = options.standalone_directory.has_value();  // the queue manager's
  wishes.calls.every_socket_family = are_accounts_looked_up();             // by modules of the C library
  return wishes;
}

OrFatal<void> drop(Startup& startup) {
  PrivilegeDrop privileges;
  if (startup.options.become_mail_owner) privileges.user = startup.config.mail_owner;
  privileges.account = startup.mail_owner;
  if (startup.options.chroot) privileges.chroot_directory = startup.config.queue_directory;
  TRY_VOID(drop_privileges(privileges));
  if (startup.options.chroot) startup.log_output.entered_queue_directory_root(startup.config);
  return confine(confinement(startup.options), startup.config.uflush_sandbox, startup.log);
}

/// Keeps what ends a start, and the warnings on the way, which may tell more of the place.
class LastWords final : public LogSink {
 public:
  void write(Severity severity, std::string_view record) override {
    if (severity == Severity::fatal || severity == Severity::panic) fatal_ = record;
    if (severity == Severity::warning) warnings_ += fmt::format("; {}", record);
  }
  /// `fatal` is what the start has ended with; empty when it is in the log.
  [[nodiscard]] std::string with(const std::string& fatal) const {
    return (fatal.empty() ? fatal_ : fatal) + warnings_;
  }

 private:
  std::string fatal_;
  std::string warnings_;
};

/// Whether `text` has `name` as a whole word.
bool names(std::string_view text, std::string_view name) {
  constexpr std::string_view of_names = "abcdefghijklmnopqrstuvwxyz0123456789_";
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const bool begins = at == 0 || of_names.find(text[at - 1]) == std::string_view::npos;
    const std::size_t end = at + name.size();
    if (begins && (end == text.size() || of_names.find(text[end]) == std::string_view::npos)) return true;
  }
  return false;
}

/// Where the first parameter is set that the text of a fatal record names, or that a list of sites comes from
/// when the log has the text: `/etc/postfix/main.cf, line 12: max_use = x: `.
std::string place_of_trouble(const SettingPlaces& places, std::string_view text) {
  if (names(text, "line")) return {};  // it says so itself
  if (text.empty()) text = "fast_flush_domains relay_domains parent_domain_matches_subdomains";
  for (const Parameter& parameter : parameters()) {
    if (!names(text, parameter.name)) continue;
    if (const std::string place = places.describe(parameter.name); !place.empty()) return place + ": ";
  }
  return {};
}

/// What a start would do with the configuration as it is now, and nothing that others would notice. Leaves
/// the process useless.
RehearsedStart rehearse(const DaemonOptions& options, const BeforePrivilegeDrop& before_privilege_drop) {
  LastWords sink;
  Startup trial;
  trial.options = options;
  trial.log_output.divert(sink);
  const auto go_through = [&]() -> OrFatal<void> {
    TRY_VOID(configure(trial));
    if (!options.standalone_directory) {
      TRY_VOID(enter_queue_directory(trial));
    }
    TRY_VOID(before_privilege_drop(trial));
    return drop(trial);
  };
  const OrFatal<void> outcome = go_through();
  if (outcome) return {.would_start = true, .text = {}};
  const std::string& text = outcome.error().text;
  return {.would_start = false, .text = place_of_trouble(trial.places, text) + sink.with(text)};
}

void open_privileged(Startup& startup, const BeforePrivilegeDrop& before_privilege_drop) {
  const auto rehearsal = [&] { return rehearse(startup.options, before_privilege_drop); };
  Result<Fd> opened = start_privileged_process(rehearsal);
  if (opened) {
    startup.privileged = std::move(opened).value();
    // The numbers of listening sockets stay free: one that is missing is to be noticed.
    const int behind = first_listener_fd + std::max(startup.options.socket_count, 0);
    const int moved = ::fcntl(startup.privileged.get(), F_DUPFD_CLOEXEC, behind);  // NOLINT(*-vararg)
    if (moved >= 0) startup.privileged.reset(moved);
  } else {
    startup.log.warning("cannot start the privileged process: {}", opened.error().message());
  }
}

/// Everything from main.cf on.
OrFatal<void> prepare(Startup& startup, const BeforePrivilegeDrop& before_privilege_drop) {
  open_privileged(startup, before_privilege_drop);
  open_watch(startup);
  TRY_VOID(configure(startup));
  TRY_VOID(check_not_run_by_hand(startup));
  if (has_master(startup.options)) {
    TRY_VOID(check_service_options(startup.options));
  }
  TRY(generation, read_generation(startup.log));
  if (startup.options.debugger) {
    TRY_VOID(run_debugger_command(startup.config.debugger_command, startup.log));
  }
  if (has_master(startup.options)) {
    startup.master.emplace(master_status_fd, generation, ::getpid());
    TRY_VOID(take_listeners(startup));
  }
  if (startup.options.standalone_directory) {
    TRY_VOID(make_standalone(startup));
  } else {
    TRY_VOID(enter_queue_directory(startup));
  }
  TRY_VOID(before_privilege_drop(startup));
  if (startup.config.uflush_answer_when_broken && has_master(startup.options)) {
    // Else it is the server that notices, with the first client, as the reference does.
    if (auto unexpected = unexpected_argument_text(startup.options)) return Fatal{*std::move(unexpected)};
  }
  describe_to_privileged(startup);
  report_unwatched(startup);
  return drop(startup);
}

}  // namespace

Startup::Startup() : log_output(nowhere()), log(log_output) {
  panic_log = &log;
  set_panic_handler(log_panic);
}

Startup::~Startup() {
  panic_log = nullptr;
}

void Startup::watch_file(const std::string& path) {
  files.push_back(stamped(path));
  if (!config_watch) return;
  const Result<void> watched = config_watch->watch_file(path);
  // A file in a directory that is not there: whoever wants to read it complains.
  if (!watched && watched.error().number != ENOENT) {
    const bool none_left = watched.error().number == ENOSPC;
    unwatched.push_back(
        {path, none_left ? "see sysctl fs.inotify.max_user_watches" : watched.error().message()});
  }
  const bool may_be_elsewhere = watched && files.back().stamp.exists != 0;
  if (may_be_elsewhere && !is_on_local_file_system(path.c_str()) && may_use(OptionalCall::statfs))
    files_elsewhere.push_back(path);
}

Result<std::string> Startup::watch_and_read(const std::string& path) {
  watch_file(path);
  Result<std::string> text = read_file(path);
  if (text) files.back().stamp.contents = contents_mark(text.value());
  return text;
}

void Startup::name_option(std::string_view parameter) {
  if (places.is_option(parameter)) log.warning("{}", places.describe(parameter));
}

std::optional<int> start(Startup& startup, std::span<const char* const> arguments,
                         const BeforePrivilegeDrop& before_privilege_drop) {
  DaemonOptions& options = startup.options;
  const OrFatal<void> parsed = parse_daemon_options(arguments, options);
  if (parsed && options.show_help) return std::fputs(usage_text, stdout) < 0 ? 1 : 0;
  if (parsed && options.show_version) return std::printf("uflush %s\n", version) < 0 ? 1 : 0;
  apply_environment(options);
  ignore_signals();
  find_deadly_calls();
  ::tzset();  // later the description of the time zone may be out of reach, and records would be in UTC
  // Before anything is opened.
  if (has_master(options)) close_unused_descriptors(options.socket_count);
  startup.log_output.reopen(with_options(log_settings_from_environment(options.process_name), options));
  startup.log.set_verbose(options.verbose);
  if (!parsed) return end_broken_start(startup, parsed.error().text);
  const OrFatal<void> prepared = prepare(startup, before_privilege_drop);
  if (!prepared) return end_broken_start(startup, prepared.error().text);
  startup.places = {};  // it holds all of main.cf
  return std::nullopt;
}

int end_broken_start(Startup& startup, const std::string& text) {
  const int status = end_fatally(startup, text);
  startup.privileged.reset();  // nobody will ask anything
  if (!has_master(startup.options)) return status;
  answer_while_broken(startup,
                      startup.is_configured ? startup.config : load_what_can_be_had(config_source(startup)));
  return status;
}

int end_fatally(Startup& startup, const std::string& text) {
  if (!text.empty()) startup.log.record(Severity::fatal, text);
  startup.log_output.flush_within(last_words_limit);
  return 1;
}

}  // namespace uflush
