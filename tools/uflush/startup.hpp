/// What the daemon does before it serves anybody, in the reference's order (BEHAVIOUR.md 1.2).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/config_watch.hpp"
#include "core/daemon_options.hpp"
#include "core/fatal.hpp"
#include "core/file_stamps.hpp"
#include "core/log.hpp"
#include "core/log_output.hpp"
#include "core/master_channel.hpp"

namespace uflush {

/// What a process has when its start-up is over. Stays where it was made: `log` points into it, and so does
/// the panic handler.
struct Startup {
  Startup();
  ~Startup();
  Startup(const Startup&) = delete;
  Startup& operator=(const Startup&) = delete;

  DaemonOptions options;
  Config config;
  bool is_configured = false;           ///< `config` has been read
  SettingPlaces places;                 ///< where the parameters of `config` were set; during the start
  std::optional<MailOwner> mail_owner;  ///< where it has been checked
  LogOutput log_output;
  Log log;

  /// Master's end of things. Without master(8), that is with `-S` and `--standalone`, there is none of it:
  /// `-S` serves stdin and stdout, `--standalone` makes its own listening socket.
  std::optional<MasterChannel> master;
  std::vector<int> listeners;  ///< inherited, listening; not owned, flags are shared with other processes

  /// --standalone: the socket that is in `listeners`.
  Fd own_listener;

  /// Watches what the configuration was read from; whoever reads a file adds it first. Nothing when the
  /// kernel had none to give, which was logged.
  std::optional<ConfigWatch> config_watch;

  /// To be called before a file of the configuration is read: see ConfigWatch. Keeps its stamp, too, for the
  /// privileged process.
  void watch_file(const std::string& path);
  /// Does that, then reads it.
  Result<std::string> watch_and_read(const std::string& path);

  /// To be called before a fatal record that is about this parameter: when an option in master.cf has set it,
  /// a warning says so, as the reference's words may name main.cf.
  void name_option(std::string_view parameter);

  /// The connection to the privileged process; none when it could not be started, which was logged.
  Fd privileged;
  std::vector<StampedFile> files;          ///< what was read, as it was then
  std::vector<std::string> direct_tables;  ///< tables that the privileged process looks into

  /// Files of which inotify will not tell, and why.
  struct Unwatched {
    std::string path;
    std::string reason;
  };
  std::vector<Unwatched> unwatched;
  std::vector<std::string> files_elsewhere;  ///< watched, but not on a local file system
  std::string no_inotify;                    ///< why there is no `config_watch`
};

/// Makes what must be made as the user that started us (root), in the queue directory, before chroot and
/// privilege drop: lists and tables are opened, the ring is set up.
using BeforePrivilegeDrop = std::function<OrFatal<void>(Startup&)>;

/// Goes through the start-up. Nothing when the process shall serve, else its exit status: 0 after --help and
/// --version, 1 after a fatal error, which has been logged, and after the minute in which such a process
/// answers FAIL (broken_start.hpp). `arguments` is argv with argv[0].
///
/// The reference sleeps for a second before it exits after a fatal error. We do not: until a process has
/// reported TAKEN once, it is master(8) that waits (60 s) before it tries again.
[[nodiscard]] std::optional<int> start(Startup& startup, std::span<const char* const> arguments,
                                       const BeforePrivilegeDrop& before_privilege_drop);

/// What is left to do for a process that cannot start: end_fatally(), then answer_while_broken(). Returns the
/// exit status, 1.
[[nodiscard]] int end_broken_start(Startup& startup, const std::string& text);

/// Logs `fatal: <text>`, unless the text is empty because the trouble has been logged already, and waits, up
/// to a second, until the record is out. Returns the exit status, 1.
[[nodiscard]] int end_fatally(Startup& startup, const std::string& text);

}  // namespace uflush
