#include "tests/support/private_postfix.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/failure.hpp"
#include "tests/support/mail_injection.hpp"

namespace uflush::support {
namespace {

namespace fs = std::filesystem;

constexpr const char* stock_programs = "/usr/lib/postfix/sbin";
constexpr const char* stock_services = "/usr/share/postfix/master.cf.dist";
constexpr int ports_per_instance = 10;

/// A loopback address that no other process uses: programs of the suite run side by side.
std::string own_loopback_address() {
  const auto pid = static_cast<unsigned>(::getpid());
  return fmt::format("127.{}.{}.{}", 1 + (pid >> 14) % 254, (pid >> 7) % 128, 1 + pid % 128);
}

int next_first_port() {
  static std::atomic<int> instances{0};
  return 2500 + ports_per_instance * instances++;
}

/// What the guard process needs, ready before the fork: there it may make async-signal-safe calls only,
/// because the program that forks may have threads.
struct Guard {
  int alive;
  std::string pid_file;
  std::string master;
  std::string directory;

  /// Waits for the end of the test program, then ends the instance.
  [[noreturn]] void run() const noexcept;
  void kill_master() const noexcept;
};

void Guard::kill_master() const noexcept {
  const int file = ::open(pid_file.c_str(), O_RDONLY);
  std::array<char, 64> text{};
  if (file < 0 || ::read(file, text.data(), text.size() - 1) <= 0) return;
  const pid_t pid = std::atoi(text.data());
  // The file may be older than the process that has this pid now.
  std::array<char, 64> link{};
  std::array<char, 4096> program{};
  *fmt::format_to_n(link.data(), link.size() - 1, "/proc/{}/exe", pid).out = '\0';
  if (pid <= 1 || ::readlink(link.data(), program.data(), program.size() - 1) < 0) return;
  if (master == program.data()) ::kill(-pid, SIGKILL);
}

void Guard::run() const noexcept {
  ::setsid();
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);
  ::dup2(alive, 0);
  ::syscall(SYS_close_range, 1U, ~0U, 0);
  char byte = 0;
  if (::read(0, &byte, 1) == 1) ::_exit(0);  // the destructor says that all is done
  kill_master();
  ::execl("/bin/rm", "rm", "-rf", directory.c_str(), nullptr);
  ::_exit(1);
}

/// Postfix's own services as they are distributed, none chrooted, without the two that each instance has its
/// own line for, and without the neighbours at its end that are no part of Postfix.
std::string standard_services() {
  std::istringstream lines(read_file(stock_services));
  std::string services;
  for (std::string line; std::getline(lines, line) && line.find("non-Postfix") == std::string::npos;) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::array<std::string, 8> field;
    for (std::string& text : field) fields >> text;
    if (field[0] == "flush" || field[1] == "inet") continue;
    if (line[0] != ' ') field[4] = "n";
    services += line[0] == ' ' ? " " : "";
    for (const std::string& text : field) services += text + " ";
    services += "\n";
  }
  return services;
}

}  // namespace

PrivatePostfix::PrivatePostfix(PostfixOptions options)
    : options_(std::move(options)),
      config_directory_(top_.path("config")),
      programs_(top_.path("programs")),
      queue_(top_.path("queue")),
      host_(own_loopback_address()),
      first_port_(next_first_port()) {
  const MailOwner owner = mail_owner();
  for (const std::string& name : {config_directory_, programs_, queue_.path(), top_.path("data")})
    if (::mkdir(name.c_str(), 0755) != 0) fail_errno("mkdir " + name);
  if (::chown(top_.path("data").c_str(), owner.uid, owner.gid) != 0) fail_errno("chown");
  make_programs();
  write_configuration();
  std::array<int, 2> alive{};
  if (::pipe2(alive.data(), O_CLOEXEC) != 0) fail_errno("pipe2");
  const Guard guard{alive[0], queue_.path("pid/master.pid"), programs_ + "/master", top_.path()};
  guard_pid_ = ::fork();
  if (guard_pid_ < 0) fail_errno("fork");
  if (guard_pid_ == 0) guard.run();
  ::close(alive[0]);
  guard_ = OwnedFd{alive[1]};
}

PrivatePostfix::~PrivatePostfix() {
  if (const auto master = master_pid()) {
    const OwnedFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, *master, 0))};
    ::kill(*master, SIGTERM);
    if (pidfd.is_open() && !wait_readable(pidfd.get(), Deadline{5000ms})) ::kill(-*master, SIGKILL);
  }
  if (::write(guard_.get(), "x", 1) == 1) ::waitpid(guard_pid_, nullptr, 0);
}

/// A daemon_directory of our own, because master(8) looks for programs there only. Copies, because
/// `postfix check` warns about symbolic links that lead outside.
void PrivatePostfix::make_programs() const {
  for (const auto& program : fs::directory_iterator(stock_programs))
    fs::copy_file(program.path(), programs_ + "/" + program.path().filename().string());
  const fs::path flush = options_.flush_program;
  if (!fs::exists(flush)) fail("no such program: " + flush.string());
  fs::copy_file(flush, programs_ + "/" + flush.filename().string(), fs::copy_options::overwrite_existing);
  fs::copy_file(UFLUSH_MAIL_LOGGER, programs_ + "/postlogd", fs::copy_options::overwrite_existing);
}

void PrivatePostfix::write_configuration() const {
  std::string transports;
  for (const char* destination : {eligible_one, eligible_two, not_eligible}) {
    const InetAddress at = address_of(destination);
    transports += fmt::format("{{{} = smtp:[{}]:{}}} ", destination, at.host, at.port);
  }
  Parameters all = {
      {"compatibility_level", "3.6"},
      {"queue_directory", queue_.path()},
      {"data_directory", top_.path("data")},
      {"daemon_directory", programs_},
      {"mail_owner", "postfix"},
      {"setgid_group", "postdrop"},
      {"multi_instance_enable", "yes"},
      {"myhostname", "relay.example"},
      {"mydestination", ""},
      {"alias_maps", ""},
      {"local_recipient_maps", ""},
      {"inet_protocols", "ipv4"},
      {"inet_interfaces", "127.0.0.1"},
      {"mynetworks", "127.0.0.0/8"},
      {"relay_domains", std::string(eligible_one) + ", " + eligible_two},
      {"transport_maps", "inline:{" + transports + "}"},
      {"smtp_dns_support_level", "disabled"},
      {"smtpd_tls_security_level", "none"},
      {"smtp_tls_security_level", "none"},
      {"smtp_connect_timeout", "5s"},
      {"in_flow_delay", "0"},
      {"queue_run_delay", "300s"},
      {"minimal_backoff_time", "300s"},
      {"maximal_backoff_time", "600s"},
      {"delay_warning_time", "0"},
  };
  if (options_.syslog_socket.empty()) {
    all.emplace_back("maillog_file", top_.path("log/mail"));
    all.emplace_back("maillog_file_prefixes", top_.path());
    if (::mkdir(top_.path("log").c_str(), 0755) != 0) fail_errno("mkdir log");
    write_file(top_.path("log/mail"), "");
    // While the mail system is down, postsuper(1) writes to it after it has given up its root privileges.
    if (::chown(top_.path("log/mail").c_str(), mail_owner().uid, mail_owner().gid) != 0) fail_errno("chown");
  }
  all.insert(all.end(), options_.main_cf.begin(), options_.main_cf.end());
  write_main_cf(config_directory_, all);
  std::string arguments;
  for (const std::string& option : tested_daemon_options()) arguments += option + ' ';
  arguments += options_.flush_arguments;
  std::string master_cf = standard_services();
  master_cf += smtpd_address().text() + " inet n - n - - smtpd\n";
  master_cf += fmt::format("flush unix n - {} {} {} {} {}\n", options_.flush_chroot ? "y" : "n",
                           options_.flush_wakeup, options_.flush_process_limit,
                           fs::path(options_.flush_program).filename().string(), arguments);
  write_file(config_directory_ + "/master.cf", master_cf);
}

void PrivatePostfix::must_succeed(const Output& output) const {
  if (output.exit.status != 0) fail("a command failed: " + output.err + output.out + last_log_lines());
}

namespace {

/// Bind mounts cannot create /dev/log without every other process seeing the new name, so the whole of /dev
/// is replaced, in a mount namespace that only the instance has.
std::string with_private_dev(const std::string& dev, const std::string& log_socket,
                             const std::string& command) {
  std::string script = fmt::format("set -e; mkdir -p {0}; mount -t tmpfs none {0}", dev);
  for (const char* name : {"null", "zero", "random", "urandom"})
    script += fmt::format("; touch {0}/{1}; mount --bind /dev/{1} {0}/{1}", dev, name);
  return script +
         fmt::format("; ln -s {1} {0}/log; mount --rbind {0} /dev; exec {2}", dev, log_socket, command);
}

}  // namespace

Output PrivatePostfix::postfix(const std::string& verb) const {
  if (options_.syslog_socket.empty()) return run({"/usr/sbin/postfix", "-c", config_directory_, verb});
  const std::string command = "/usr/sbin/postfix -c " + config_directory_ + " " + verb;
  return run({"/usr/bin/unshare", "-m", "/bin/sh", "-c",
              with_private_dev(top_.path("dev"), options_.syslog_socket, command)});
}

Output PrivatePostfix::command(std::vector<std::string> argv, std::string_view input) const {
  const char* option = argv.at(0) == "sendmail" ? "-C" : "-c";
  argv[0] = "/usr/sbin/" + argv[0];
  argv.insert(argv.begin() + 1, {option, config_directory_});
  return run(argv, input);
}

InetAddress PrivatePostfix::smtpd_address() const {
  return {host_, first_port_};
}

InetAddress PrivatePostfix::address_of(std::string_view destination) const {
  int offset = 1;
  for (const char* known : {eligible_one, eligible_two, not_eligible}) {
    if (destination == known) return {host_, first_port_ + offset};
    ++offset;
  }
  fail("not one of our destinations: " + std::string(destination));
}

int PrivatePostfix::try_inject(std::string_view destination, int count) const {
  Injection injection;
  injection.recipient = "u@" + std::string(destination);
  injection.count = count;
  injection.has_arrived = [this](const std::string& sender) {
    return wait_for_log(" from=<" + sender + ">, ", 5000ms);
  };
  return inject_mail(smtpd_address(), injection);
}

void PrivatePostfix::inject(std::string_view destination, int count) const {
  const int accepted = try_inject(destination, count);
  if (accepted != count)
    fail(fmt::format("only {} of {} messages were accepted\n{}", accepted, count, last_log_lines()));
}

std::vector<std::string> PrivatePostfix::ids_for(std::string_view destination) const {
  constexpr std::string_view head = R"("queue_id": ")";
  const std::string wanted = R"("address": "u@)" + std::string(destination) + '"';
  std::vector<std::string> ids;
  std::istringstream lines(command({"postqueue", "-j"}).out);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(wanted) == std::string::npos) continue;
    const std::size_t start = line.find(head) + head.size();
    ids.push_back(line.substr(start, line.find('"', start) - start));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

namespace {

/// True when the incoming queue has a file that the queue manager will take at its next scan. It leaves alone
/// what is not complete (no execute bit; an interrupted cleanup(8) leaves such), and what is dated into the
/// future (a message that was being deferred when a reload put it there).
bool has_fresh_file(const QueueDirectory& queue) {
  const std::vector<Entry> files = queue.list("incoming");
  return std::any_of(files.begin(), files.end(), [now = std::time(nullptr)](const Entry& file) {
    return (file.mode & S_IXUSR) != 0 && file.mtime <= now;
  });
}

}  // namespace

void PrivatePostfix::wait_until_settled() const {
  // In this order: a file that moves on between the two looks is seen by the second.
  const auto settled = [&] { return !has_fresh_file(queue_) && queue_.ids_in("active").empty(); };
  if (!wait_until({queue_.path("incoming"), queue_.path("active")}, settled, 60s))
    fail("the queue does not settle: " + std::to_string(queue_.ids_in("incoming").size()) + " in incoming, " +
         std::to_string(queue_.ids_in("active").size()) + " in active\n" + last_log_lines());
}

std::string PrivatePostfix::log() const {
  if (!options_.syslog_socket.empty()) return {};
  return read_file(top_.path("log/mail"));
}

std::string PrivatePostfix::last_log_lines() const {
  constexpr std::size_t enough_bytes = 4000;
  const std::string all = log();
  return all.size() <= enough_bytes ? all : all.substr(all.find('\n', all.size() - enough_bytes) + 1);
}

std::vector<std::string> PrivatePostfix::log_lines_with(std::string_view part) const {
  std::vector<std::string> found;
  std::istringstream lines(log());
  for (std::string line; std::getline(lines, line);)
    if (line.find(part) != std::string::npos) found.push_back(line);
  return found;
}

bool PrivatePostfix::wait_for_log(std::string_view part, milliseconds timeout) const {
  return wait_until(
      {top_.path("log/mail")}, [&] { return log().find(part) != std::string::npos; }, timeout);
}

std::optional<pid_t> PrivatePostfix::master_pid() const {
  std::error_code error;
  if (!fs::exists(queue_.path("pid/master.pid"), error)) return std::nullopt;
  const pid_t pid = std::atoi(read_file(queue_.path("pid/master.pid")).c_str());
  const fs::path program = fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", error);
  if (error || program != programs_ + "/master") return std::nullopt;  // a stale file, its pid used anew
  return pid;
}

namespace {

/// When a process started, in clock ticks since boot; 0 when it is gone.
unsigned long long started(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  std::istringstream behind_name(text.substr(std::min(text.rfind(')') + 1, text.size())));
  constexpr int fields_before = 19;  // state is field 3, starttime field 22 (proc(5))
  std::string skipped;
  for (int i = 0; i < fields_before; ++i) behind_name >> skipped;
  unsigned long long ticks = 0;
  behind_name >> ticks;
  return ticks;
}

}  // namespace

std::vector<pid_t> PrivatePostfix::processes(const std::string& name) const {
  const std::string wanted = programs_ + "/" + fs::path(options_.flush_program).filename().string();
  std::vector<pid_t> pids;
  for (const auto& process : fs::directory_iterator("/proc")) {
    const int pid = std::atoi(process.path().filename().c_str());
    std::error_code error;
    if (pid <= 0 || fs::read_symlink(process.path() / "exe", error) != wanted) continue;
    std::string is_called;
    std::getline(std::ifstream(process.path() / "comm"), is_called);
    if (is_called == name) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end(), [](pid_t a, pid_t b) { return started(a) < started(b); });
  return pids;
}

std::vector<pid_t> PrivatePostfix::flush_pids() const {
  return processes(fs::path(options_.flush_program).filename().string());
}

std::vector<pid_t> PrivatePostfix::privileged_pids() const {
  return processes("uflush-priv");
}

std::vector<std::string> PrivatePostfix::complaints() const {
  const std::string daemon = "/" + fs::path(options_.flush_program).filename().string() + "[";
  std::vector<std::string> found;
  for (const char* severity : {"]: warning: ", "]: error: ", "]: fatal: ", "]: panic: "})
    for (const std::string& line : log_lines_with(severity))
      if (line.find(daemon) != std::string::npos || line.find("/master[") != std::string::npos)
        found.push_back(line);
  return found;
}

bool PrivatePostfix::wait_for_flush_to_end(milliseconds timeout) const {
  const Deadline deadline{timeout};
  for (std::vector<pid_t> pids = flush_pids(); !pids.empty(); pids = flush_pids()) {
    const OwnedFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pids.front(), 0))};
    if (pidfd.is_open() && !wait_readable(pidfd.get(), deadline)) return false;
  }
  return true;
}

}  // namespace uflush::support
