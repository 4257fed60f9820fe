#include "core/daemon_options.hpp"

#include <cstdlib>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <strings.h>

namespace uflush {
namespace {

std::string base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

/// The number that atoi(3) makes of it, truncation to int included: master(8) never asks for odd numbers,
/// but they have to come out as they always did. Nothing when that is not positive.
std::optional<int> positive_number(const std::string& text) {
  const int number = static_cast<int>(std::strtol(text.c_str(), nullptr, 10));
  if (number <= 0) return std::nullopt;
  return number;
}

bool takes_value(char letter) {
  return std::string_view("imnorst").find(letter) != std::string_view::npos;
}

OrFatal<void> set_flag(DaemonOptions& options, char letter) {
  switch (letter) {
    case 'c':
      options.chroot = true;
      break;
    case 'd':
      options.terminal_is_fine = true;
      break;
    case 'D':
      options.debugger = true;
      break;
    case 'l':
      options.process_limit_one = true;
      break;
    case 'S':
      options.serve_stdin = true;
      break;
    case 'u':
      options.become_mail_owner = true;
      break;
    case 'v':
      ++options.verbose;
      break;
    case 'V':
      options.log_to_stderr = true;
      break;
    case 'z':
      options.process_limit_none = true;
      break;
    default:
      return Fatal{fmt::format("invalid option: {}", letter)};
  }
  return outcome::success();
}

OrFatal<void> set_value(DaemonOptions& options, char letter, std::string value) {
  switch (letter) {
    case 'i':
      options.overrides.push_back({"max_idle", std::move(value), letter});
      break;
    case 'm':
      options.overrides.push_back({"max_use", std::move(value), letter});
      break;
    case 'n':
      options.service_name = std::move(value);
      break;
    case 'o': {
      auto parsed = parse_override(value);
      if (!parsed) return Fatal{parsed.error().text};
      options.overrides.push_back(std::move(parsed.value()));
      break;
    }
    case 'r':
      if (!positive_number(value)) return Fatal{fmt::format("invalid retirement time: {}", value)};
      break;
    case 's': {
      const std::optional<int> count = positive_number(value);
      if (!count) return Fatal{fmt::format("invalid socket_count: {}", value)};
      options.socket_count = *count;
      break;
    }
    default:
      options.transport = std::move(value);  // -t
      break;
  }
  return outcome::success();
}

/// The arguments that have not been looked at yet.
class Arguments {
 public:
  explicit Arguments(std::span<const char* const> rest) : rest_(rest) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view peek() const { return rest_.front(); }
  std::string next() {
    std::string argument = rest_.front();
    rest_ = rest_.subspan(1);
    return argument;
  }

 private:
  std::span<const char* const> rest_;
};

/// `cluster` is what follows the dash: flags, and at most one letter with a value, which is the rest of the
/// cluster or the next argument.
OrFatal<void> parse_cluster(DaemonOptions& options, const std::string& cluster, Arguments& arguments) {
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    const char letter = cluster[i];
    if (!takes_value(letter)) {
      TRY_VOID(set_flag(options, letter));
      continue;
    }
    if (i + 1 < cluster.size()) return set_value(options, letter, cluster.substr(i + 1));
    if (arguments.empty()) return Fatal{fmt::format("invalid option: {}", letter)};
    return set_value(options, letter, arguments.next());
  }
  return outcome::success();
}

/// `name` is what follows the two dashes. A name that is not ours gets the reference's answer, which knows no
/// long options.
OrFatal<void> parse_long_option(DaemonOptions& options, std::string_view name, Arguments& arguments) {
  constexpr std::string_view standalone_is = "standalone=";
  if (name == "version") {
    options.show_version = true;
  } else if (name == "help") {
    options.show_help = true;
  } else if (name.starts_with(standalone_is)) {
    options.standalone_directory = std::string(name.substr(standalone_is.size()));
  } else if (name == "standalone") {
    if (arguments.empty()) return Fatal{"option --standalone needs a directory"};
    options.standalone_directory = arguments.next();
  } else {
    return Fatal{"invalid option: -"};
  }
  return outcome::success();
}

}  // namespace

OrFatal<void> parse_daemon_options(std::span<const char* const> arguments, DaemonOptions& options) {
  Arguments rest(arguments);
  if (!rest.empty()) options.process_name = base_name(rest.next());
  options.service_name = options.process_name;
  while (!rest.empty() && rest.peek().size() > 1 && rest.peek().front() == '-') {
    const std::string argument = rest.next();
    if (argument == "--") break;
    if (argument.starts_with("--")) {
      TRY_VOID(parse_long_option(options, std::string_view(argument).substr(2), rest));
    } else {
      TRY_VOID(parse_cluster(options, argument.substr(1), rest));
    }
  }
  while (!rest.empty()) options.arguments.push_back(rest.next());
  return outcome::success();
}

OrFatal<void> check_service_options(const DaemonOptions& options) {
  if (!options.process_limit_none && !options.process_limit_one)
    return Fatal{fmt::format("service {} requires a process limit of 0", options.service_name)};
  if (!options.transport) return Fatal{"no transport type specified"};
  for (const char* known : {"unix", "inet", "pass"})
    if (strcasecmp(options.transport->c_str(), known) == 0) return outcome::success();
  return Fatal{fmt::format("unsupported transport type: {}", *options.transport)};
}

bool descriptors_are_passed(const DaemonOptions& options) {
  return options.transport && strcasecmp(options.transport->c_str(), "pass") == 0;
}

std::optional<std::string> unexpected_argument_text(const DaemonOptions& options) {
  if (options.arguments.empty()) return std::nullopt;
  return fmt::format("unexpected command-line argument: {}", options.arguments.front());
}

const char* const usage_text =
    "usage: uflush [option ...]               as master(8) starts it\n"
    "       uflush --standalone DIR [option ...]\n"
    "       uflush --version | --help\n"
    "\n"
    "  --standalone DIR  serve the queue directory DIR without master(8)\n"
    "  -c                chroot to the queue directory\n"
    "  -d                do not complain when run by hand\n"
    "  -D                run debugger_command first\n"
    "  -i TIME           override max_idle\n"
    "  -l, -z            the process limit is 1, is none\n"
    "  -m COUNT          override max_use\n"
    "  -n NAME           service name\n"
    "  -o NAME=VALUE     override a parameter of main.cf\n"
    "  -s COUNT          number of listening sockets, from descriptor 6 on\n"
    "  -S                serve one client on stdin and stdout\n"
    "  -t TYPE           transport: unix, inet or pass\n"
    "  -u                become mail_owner\n"
    "  -v                log more; may be repeated\n"
    "  -V                log to stderr as well\n";

}  // namespace uflush
