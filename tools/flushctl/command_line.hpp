/// The command line of flushctl(1).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>

#include "io/result.hpp"

namespace uflush {

/// What the operator wants done.
enum class Action : std::uint8_t {
  add,
  send_site,
  send_file,
  refresh,
  purge,
  ping,
  show_config,
  show_help,
  show_version,
};

/// What argv says; nothing is looked up yet.
struct Invocation {
  Action action = Action::show_help;
  std::string site;      ///< add, send-site
  std::string queue_id;  ///< add, send-file

  std::optional<std::string> config_directory;  ///< -c
  std::optional<std::string> socket_path;       ///< --socket
  std::optional<std::chrono::seconds> timeout;  ///< -t: per wait
  bool quiet = false;                           ///< -q: say nothing when all is well
};

/// What is wrong with the command line, for humans.
struct UsageError {
  std::string text;
};

template <typename T>
using OrUsageError = outcome::basic_result<T, UsageError, outcome::policy::terminate>;

/// Reads argv, argv[0] included. Options come before the command, `--` ends them.
[[nodiscard]] OrUsageError<Invocation> parse_command_line(std::span<const char* const> arguments);

/// The word for an action, as on the command line.
[[nodiscard]] const char* to_text(Action action) noexcept;

/// What --help prints.
extern const char* const flushctl_usage;

}  // namespace uflush
