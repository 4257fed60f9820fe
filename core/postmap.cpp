#include "core/postmap.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace uflush {
namespace {

/// More output is not read: no value of a list of sites is longer.
constexpr std::size_t output_bytes_max = 16UL * 1024;

/// The two ends of a pipe.
struct Pipe {
  Fd reader;
  Fd writer;
};

Result<Pipe> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return last_error();
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

void do_not_wait(const Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);  // NOLINT(*-vararg)
}

/// The environment that master(8) has let through, without what makes postmap say more.
std::vector<char*> environment() {
  std::vector<char*> kept;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry = *each;
    const bool talkative = entry.starts_with("MAIL_VERBOSE=") || entry.starts_with("MAIL_DEBUG=");
    if (!talkative) kept.push_back(*each);
  }
  kept.push_back(nullptr);
  return kept;
}

/// Default actions for all signals that we treat differently, and none blocked.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    for (const int signal : {SIGPIPE, SIGXFSZ, SIGTERM, SIGINT}) sigaddset(&signals, signal);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  [[nodiscard]] posix_spawn_file_actions_t* get() noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// Starts the program with these descriptors as its first three.
Result<pid_t> spawn(const PostmapSettings& settings, std::vector<std::string> arguments,
                    std::array<int, 3> descriptors) {
  SpawnActions actions;
  int standard = 0;
  for (const int fd : descriptors) ::posix_spawn_file_actions_adddup2(actions.get(), fd, standard++);
  ::posix_spawn_file_actions_addchdir_np(actions.get(), settings.directory.c_str());
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const SpawnAttributes attributes;
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, settings.program.c_str(), actions.get(), attributes.get(),
                                  argv.data(), environment().data());
  if (error != 0) return Error{error};
  return pid;
}

/// Appends what there is to read. True at the end.
bool take(Fd& from, std::string& to) {
  std::array<char, 4096> piece;
  while (from) {
    const ssize_t count = ::read(from.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    if (count <= 0) from.reset();
    if (count > 0 && to.size() < output_bytes_max) to.append(piece.data(), static_cast<std::size_t>(count));
  }
  return true;
}

/// The first line of `text` that says so, without the name of the program.
std::optional<std::string> complaint(std::string_view text) {
  constexpr std::string_view program = "postmap: ";
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(program)) continue;
    line.remove_prefix(program.size());
    for (const std::string_view severity : {"fatal: ", "panic: ", "error: "})
      if (line.starts_with(severity)) return std::string(line.substr(severity.size()));
  }
  return std::nullopt;
}

}  // namespace

PostmapSettings postmap_settings(const Config& config) {
  return {.program = config.command_directory + "/postmap",
          .config_directory = config.config_directory,
          .directory = config.queue_directory,
          .utf8 = config.smtputf8_enable,
          .time_limit = config.uflush_table_timeout};
}

Result<PostmapRun> PostmapRun::start(const PostmapSettings& settings, const std::string& table,
                                     const std::string& key) {
  TRY(in, open_pipe());
  TRY(out, open_pipe());
  TRY(err, open_pipe());
  // A pipe holds more than a key.
  const std::string line = key + '\n';
  if (::write(in.writer.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return last_error();
  in.writer.reset();
  std::vector<std::string> arguments{"postmap", "-c", settings.config_directory, "-f"};
  if (!settings.utf8) arguments.emplace_back("-u");
  arguments.insert(arguments.end(), {"-q", "-", table});
  TRY(pid, spawn(settings, std::move(arguments), {in.reader.get(), out.writer.get(), err.writer.get()}));
  do_not_wait(out.reader);
  do_not_wait(err.reader);
  return PostmapRun(pid, key, std::move(out.reader), std::move(err.reader));
}

bool PostmapRun::read() {
  const bool no_more_output = take(out_, output_);
  const bool no_more_errors = take(err_, errors_);
  return no_more_output && no_more_errors;
}

void PostmapRun::kill() noexcept {
  ::kill(pid_, SIGKILL);
}

PostmapRun::Answer PostmapRun::finish() {
  int status = 0;
  pid_t ended = -1;
  do {
    ended = ::waitpid(pid_, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended < 0 || !WIFEXITED(status)) return {Lookup::failed, "postmap has been killed"};
  return read_postmap_answer(key_, WEXITSTATUS(status), output_, errors_);
}

PostmapRun::Answer read_postmap_answer(std::string_view key, int exit_status, std::string_view output,
                                       std::string_view errors) {
  if (std::optional<std::string> why = complaint(errors)) return {Lookup::failed, *std::move(why)};
  if (exit_status == 0) {
    const std::string start = std::string(key).append("\t");
    if (!output.starts_with(start) || !output.ends_with('\n'))
      return {Lookup::failed, "postmap has answered something else"};
    output.remove_prefix(start.size());
    output.remove_suffix(1);
    return {Lookup::found, std::string(output)};
  }
  if (exit_status != 1) return {Lookup::failed, fmt::format("postmap has ended with status {}", exit_status)};
  if (errors.find(": empty lookup result for: ") != std::string_view::npos) return {Lookup::found, {}};
  return {Lookup::not_found, {}};
}

PostmapRun::Answer ask_postmap(const PostmapSettings& settings, const std::string& table,
                               const std::string& key) {
  using Steady = std::chrono::steady_clock;
  auto run = PostmapRun::start(settings, table, key);
  if (!run) return {Lookup::failed, fmt::format("{}: {}", settings.program, run.error().message())};
  const Steady::time_point end = Steady::now() + settings.time_limit;
  while (!run.value().read()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Steady::now());
    if (left.count() <= 0) {
      run.value().kill();
      static_cast<void>(run.value().finish());
      return {Lookup::failed, fmt::format("no answer within {}s", settings.time_limit.count())};
    }
    std::array<pollfd, 2> fds{{{.fd = run.value().output_fd(), .events = POLLIN, .revents = 0},
                               {.fd = run.value().error_fd(), .events = POLLIN, .revents = 0}}};
    ::poll(fds.data(), fds.size(), static_cast<int>(left.count()));
  }
  return run.value().finish();
}

std::string cannot_be_asked(std::string_view table, std::string_view reason) {
  return fmt::format("{0} cannot be asked: {1}; mend that, or write proxy:{0} and list it in proxy_read_maps",
                     table, reason);
}

}  // namespace uflush
