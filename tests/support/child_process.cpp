#include "tests/support/child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/failure.hpp"

namespace uflush::support {
namespace {

constexpr int exit_not_started = 127;

std::vector<char*> as_pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// From here to exec only async-signal-safe calls: other threads of the harness may hold any lock.
struct Launch {
  const ProcessSpec& spec;
  std::string program;                 // whatever its working directory will be
  std::vector<FdMapping> descriptors;  // sorted by the child's number, 0..2 always present
  std::vector<int> moved;
  std::vector<char*> argv;
  std::vector<char*> environment;

  [[noreturn]] void become_child() noexcept;
  bool place_descriptors() noexcept;
};

bool Launch::place_descriptors() noexcept {
  constexpr int out_of_the_way = 200;
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    moved[i] = ::fcntl(descriptors[i].ours, F_DUPFD, out_of_the_way);
    if (moved[i] < 0) return false;
  }
  unsigned next_free = 0;
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    const auto number = static_cast<unsigned>(descriptors[i].childs);
    if (number > next_free) ::syscall(SYS_close_range, next_free, number - 1, 0);
    if (::dup2(moved[i], descriptors[i].childs) < 0) return false;
    next_free = number + 1;
  }
  return ::syscall(SYS_close_range, next_free, ~0U, 0) == 0;
}

void Launch::become_child() noexcept {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (const int number : {SIGPIPE, SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGXFSZ})
    ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (spec.new_process_group) ::setpgid(0, 0);
  if (spec.file_mask) ::umask(*spec.file_mask);
  if (!spec.working_directory.empty() && ::chdir(spec.working_directory.c_str()) != 0)
    ::_exit(exit_not_started);
  if (!place_descriptors()) ::_exit(exit_not_started);
  if (!spec.call_filter || spec.call_filter->install())
    ::execve(program.c_str(), argv.data(), environment.data());
  ::_exit(exit_not_started);
}

std::vector<std::string> our_environment() {
  std::vector<std::string> all;
  for (char** entry = ::environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

}  // namespace

ChildProcess::ChildProcess(const ProcessSpec& spec) {
  if (::access(spec.program.c_str(), X_OK) != 0) fail_errno("execute " + spec.program);
  const OwnedFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const std::vector<std::string> environment = spec.environment ? *spec.environment : our_environment();
  Launch launch{spec,
                std::filesystem::absolute(spec.program),
                spec.descriptors,
                {},
                as_pointers(spec.argv),
                as_pointers(environment)};
  for (const int standard : {0, 1, 2}) {
    const bool mapped = std::any_of(launch.descriptors.begin(), launch.descriptors.end(),
                                    [&](const FdMapping& fd) { return fd.childs == standard; });
    if (!mapped) launch.descriptors.push_back({null.get(), standard});
  }
  std::sort(launch.descriptors.begin(), launch.descriptors.end(),
            [](const FdMapping& a, const FdMapping& b) { return a.childs < b.childs; });
  launch.moved.resize(launch.descriptors.size());
  pid_ = ::fork();
  if (pid_ < 0) fail_errno("fork");
  if (pid_ == 0) launch.become_child();
  if (spec.new_process_group) ::setpgid(pid_, pid_);
  pidfd_ = OwnedFd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  if (!pidfd_.is_open()) fail_errno("pidfd_open");
  ::fcntl(pidfd_.get(), F_SETFD, FD_CLOEXEC);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)), exit_(other.exit_) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0 || exit_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::optional<Exit> ChildProcess::wait(milliseconds timeout) {
  if (exit_) return exit_;
  if (!wait_readable(pidfd_.get(), Deadline{timeout})) return std::nullopt;
  int status = 0;
  Exit ended;
  if (::wait4(pid_, &status, 0, &ended.usage) != pid_) fail_errno("wait4");
  if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  exit_ = ended;
  return exit_;
}

void ChildProcess::signal(int number) const {
  if (pid_ > 0 && !exit_) ::kill(pid_, number);
}

namespace {

OwnedFd memory_file(std::string_view content) {
  OwnedFd file{::memfd_create("io", MFD_CLOEXEC)};
  if (!file.is_open()) fail_errno("memfd_create");
  if (::pwrite(file.get(), content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()))
    fail_errno("write memfd");
  return file;
}

std::string content_of(const OwnedFd& file) {
  std::string content;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t count = ::pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(content.size()));
    if (count <= 0) return content;
    content.append(piece.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

// Files in memory instead of pipes: a daemon that keeps its starter's stdout open would hold a pipe open too.
Output run(const std::vector<std::string>& argv, std::string_view input, milliseconds timeout) {
  const OwnedFd in = memory_file(input);
  const OwnedFd out = memory_file({});
  const OwnedFd err = memory_file({});
  ProcessSpec spec;
  spec.program = argv.at(0);
  spec.argv = argv;
  spec.descriptors = {{in.get(), 0}, {out.get(), 1}, {err.get(), 2}};
  ChildProcess child{spec};
  const std::optional<Exit> ended = child.wait(timeout);
  if (!ended) fail(argv[0] + " does not end");
  return {*ended, content_of(out), content_of(err)};
}

}  // namespace uflush::support
