/// The command line of a Postfix daemon (BEHAVIOUR.md 1.3).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/fatal.hpp"

namespace uflush {

/// What argv says. Nothing is looked up or opened, and values of parameters are not checked here.
struct DaemonOptions {
  std::string process_name = "uflush";  ///< basename(argv[0])
  std::string service_name = "uflush";  ///< -n, default process_name

  bool chroot = false;                    ///< -c
  bool terminal_is_fine = false;          ///< -d
  bool debugger = false;                  ///< -D
  bool process_limit_one = false;         ///< -l
  bool process_limit_none = false;        ///< -z
  bool serve_stdin = false;               ///< -S
  bool become_mail_owner = false;         ///< -u
  bool log_to_stderr = false;             ///< -V
  int verbose = 0;                        ///< how many -v
  int socket_count = 1;                   ///< -s: listening sockets from descriptor 6 on
  std::optional<std::string> transport;   ///< -t as given
  std::vector<ConfigOverride> overrides;  ///< -o, -i and -m, in their order

  /// Left-over arguments. The reference notices the first one when it serves its first client:
  /// see unexpected_argument_text().
  std::vector<std::string> arguments;

  // Ours.
  std::optional<std::string> standalone_directory;  ///< --standalone: a queue directory, no master(8)
  bool show_version = false;                        ///< --version
  bool show_help = false;                           ///< --help
};

/// Reads argv, argv[0] included, the way getopt(3) does in POSIX mode: clustered letters, `--` and the first
/// argument without a dash end the options. Stops at the first error, as the reference does; `options` then
/// has what came before it (`-V` counts for the fatal record as well).
[[nodiscard]] OrFatal<void> parse_daemon_options(std::span<const char* const> arguments,
                                                 DaemonOptions& options);

/// The process limit, then the transport: what the reference demands of the options once the parameters have
/// been evaluated. Not for -S and --standalone. Unlike the reference, which wants `-z`, we also run under a
/// process limit of 1 (`-l`): one process is all it takes.
[[nodiscard]] OrFatal<void> check_service_options(const DaemonOptions& options);

/// `-t pass`, in any case: each connection hands over the descriptor of the client.
[[nodiscard]] bool descriptors_are_passed(const DaemonOptions& options);

/// The fatal text for the first left-over argument, if there is one.
[[nodiscard]] std::optional<std::string> unexpected_argument_text(const DaemonOptions& options);

/// What --help prints.
extern const char* const usage_text;

}  // namespace uflush
