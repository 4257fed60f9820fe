#include "tools/flushctl/command_line.hpp"

#include <array>
#include <charconv>
#include <string_view>

namespace uflush {
namespace {

struct Command {
  Action action;
  const char* word;
  std::string Invocation::*first_operand = nullptr;
  std::string Invocation::*second_operand = nullptr;
};

constexpr std::array<Command, 7> commands = {{
    {Action::add, "add", &Invocation::site, &Invocation::queue_id},
    {Action::send_site, "send-site", &Invocation::site},
    {Action::send_file, "send-file", &Invocation::queue_id},
    {Action::refresh, "refresh"},
    {Action::purge, "purge"},
    {Action::ping, "ping"},
    {Action::show_config, "config"},
}};

OrUsageError<std::chrono::seconds> parse_timeout(std::string_view text) {
  long long seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr long long longest = 1'000'000;
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 1 || seconds > longest)
    return UsageError{"not a number of seconds: " + std::string(text)};
  return std::chrono::seconds{seconds};
}

/// The arguments that have not been looked at yet.
class Arguments {
 public:
  explicit Arguments(std::span<const char* const> rest) : rest_(rest) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view peek() const { return rest_.front(); }
  std::string_view next() {
    const std::string_view argument = rest_.front();
    rest_ = rest_.subspan(1);
    return argument;
  }

 private:
  std::span<const char* const> rest_;
};

/// True when the option ends the command line: --help, --version.
OrUsageError<bool> take_option(Invocation& invocation, std::string_view option, Arguments& rest) {
  if (option == "--help" || option == "-h") {
    invocation.action = Action::show_help;
    return true;
  }
  if (option == "--version") {
    invocation.action = Action::show_version;
    return true;
  }
  if (option == "-q") {
    invocation.quiet = true;
    return false;
  }
  if (option != "-c" && option != "-t" && option != "--socket")
    return UsageError{"unknown option: " + std::string(option)};
  if (rest.empty()) return UsageError{"option " + std::string(option) + " needs a value"};
  const std::string_view value = rest.next();
  if (option == "-c") {
    invocation.config_directory = std::string(value);
  } else if (option == "--socket") {
    invocation.socket_path = std::string(value);
  } else {
    TRY(timeout, parse_timeout(value));
    invocation.timeout = timeout;
  }
  return false;
}

OrUsageError<void> take_operand(Invocation& invocation, const Command& command,
                                std::string Invocation::*operand, Arguments& rest) {
  if (operand == nullptr) return outcome::success();
  if (rest.empty()) {
    const char* missing = operand == &Invocation::site ? "SITE" : "QUEUE_ID";
    return UsageError{std::string(command.word) + " needs " + missing};
  }
  invocation.*operand = std::string(rest.next());
  return outcome::success();
}

OrUsageError<void> take_command(Invocation& invocation, Arguments& rest) {
  if (rest.empty()) return UsageError{"no command given"};
  const std::string_view word = rest.next();
  for (const Command& command : commands) {
    if (word != command.word) continue;
    invocation.action = command.action;
    TRY_VOID(take_operand(invocation, command, command.first_operand, rest));
    TRY_VOID(take_operand(invocation, command, command.second_operand, rest));
    if (!rest.empty()) return UsageError{"one argument too many: " + std::string(rest.peek())};
    return outcome::success();
  }
  return UsageError{"unknown command: " + std::string(word)};
}

}  // namespace

OrUsageError<Invocation> parse_command_line(std::span<const char* const> arguments) {
  Invocation invocation;
  Arguments rest(arguments.empty() ? arguments : arguments.subspan(1));
  while (!rest.empty() && rest.peek().size() > 1 && rest.peek().front() == '-') {
    const std::string_view option = rest.next();
    if (option == "--") break;
    TRY(ended, take_option(invocation, option, rest));
    if (ended) return invocation;
  }
  TRY_VOID(take_command(invocation, rest));
  return invocation;
}

const char* to_text(Action action) noexcept {
  for (const Command& command : commands)
    if (command.action == action) return command.word;
  return action == Action::show_help ? "--help" : "--version";
}

const char* const flushctl_usage =
    "usage: flushctl [-c CONFIG_DIR | --socket PATH] [-t SECONDS] [-q] COMMAND\n"
    "       flushctl --help | --version\n"
    "\n"
    "commands:\n"
    "  add SITE QUEUE_ID   note in the logfile of SITE that message QUEUE_ID waits for it\n"
    "  send-site SITE      deliver what is deferred for SITE\n"
    "  send-file QUEUE_ID  deliver this message\n"
    "  refresh             send the logfiles that nobody has looked at for long\n"
    "  purge               send every logfile\n"
    "  ping                is anybody there?\n"
    "  config              show the parameters that uflush would use, as postconf -x does\n"
    "\n"
    "options:\n"
    "  -c CONFIG_DIR       where main.cf is: it names the socket (default: $MAIL_CONFIG, /etc/postfix)\n"
    "  --socket PATH       the socket itself\n"
    "  -t SECONDS          how long to wait for each answer (default: ipc_timeout; ping: 10)\n"
    "  -q                  say nothing when all is well\n";

}  // namespace uflush
