#include "tools/uflush/broken_start.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/failing_server.hpp"
#include "core/privileges.hpp"
#include "core/uflush_cf.hpp"
#include "io/epoll_ring.hpp"
#include "io/optional_calls.hpp"
#include "io/sandbox.hpp"
#include "protocol/master_status.hpp"

namespace uflush {
namespace {

/// The listening sockets among master's; none when the first one is none.
std::vector<int> listeners_at_hand(int socket_count) {
  std::vector<int> listeners;
  for (int i = 0; i < socket_count; ++i) {
    const int fd = first_listener_fd + i;
    int listening = 0;
    socklen_t size = sizeof listening;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) break;
    listeners.push_back(fd);
  }
  return listeners;
}

bool was_started_by_hand(const DaemonOptions& options) {
  return !options.terminal_is_fine && ::isatty(STDIN_FILENO) != 0;
}

bool is_root() {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  return ::getresuid(&real, &effective, &saved) != 0 || real == 0 || effective == 0 || saved == 0;
}

/// Somebody who is neither root nor in root's group.
std::optional<MailOwner> harmless_account(const std::string& user) {
  const passwd* account = ::getpwnam(user.c_str());
  if (account == nullptr || account->pw_uid == 0 || account->pw_gid == 0) return std::nullopt;
  return MailOwner{account->pw_uid, account->pw_gid};
}

MailOwner account_to_become(const std::string& mail_owner) {
  constexpr id_t overflow_id = 65534;
  if (const auto account = harmless_account(mail_owner)) return *account;
  return harmless_account("nobody").value_or(MailOwner{overflow_id, overflow_id});
}

/// Makes a new directory the root, and takes its name away: nobody can put anything into it.
bool enter_empty_root(const std::string& queue_directory) {
  const std::array<std::string, 6> parents{"/run",     "/tmp",          "/var/tmp",
                                           "/dev/shm", queue_directory, "/var/lib/postfix"};
  for (const std::string& parent : parents) {
    std::string directory = parent + "/uflush.XXXXXX";
    if (::mkdtemp(directory.data()) == nullptr) continue;
    const bool is_inside = ::chdir(directory.c_str()) == 0;
    if (::rmdir(directory.c_str()) == 0 && is_inside) return ::chroot(".") == 0 && ::chdir("/") == 0;
  }
  return false;
}

/// From root to nobody in particular. False: there is too much left to serve with.
bool give_up_rights(const Config& known) {
  if (!is_root()) {
    if (!drop_privileges({})) return false;
    // Where there is no Landlock, file modes remain.
    const auto survive = [] { return confine_to_directories({}).has_value(); };
    if (!is_under_filter() || works_in_child(survive)) static_cast<void>(confine_to_directories({}));
    return true;
  }
  const MailOwner account = account_to_become(known.mail_owner);
  return ::setgroups(0, nullptr) == 0 && enter_empty_root(known.queue_directory) &&
         ::setgid(account.gid) == 0 && ::setuid(account.uid) == 0 && drop_privileges({}) && !is_root();
}

/// What is to be noticed while we answer. What start() has opened so far is watched already.
void watch_what_may_be_mended(Startup& startup, const Config& known) {
  if (!startup.config_watch) {  // the start did not come that far
    Result<ConfigWatch> watch = ConfigWatch::open();
    if (!watch) return;
    startup.config_watch.emplace(std::move(watch).value());
    startup.watch_file(known.config_directory + "/main.cf");
    startup.watch_file(known.config_directory + '/' + std::string(uflush_cf_name));
  }
  if (::access(known.queue_directory.c_str(), X_OK) != 0) startup.watch_file(known.queue_directory);
  if (!harmless_account(known.mail_owner)) startup.watch_file("/etc/passwd");
}

/// SIGTERM and SIGINT kill, as they kill the reference while it pauses before its exit; also where a daemon
/// has begun to wait for them (end_signals.hpp).
void let_signals_kill() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) {
    sigaddset(&signals, signal);
    std::signal(signal, SIG_DFL);
  }
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

MasterChannel& master_of(Startup& startup) {
  if (startup.master) return *startup.master;
  // The start did not come that far; or it is the generation that makes no sense, and master(8) will ignore
  // us.
  const char* text = std::getenv("GENERATION");
  const std::uint32_t generation = text == nullptr ? 0 : parse_generation(text).value_or(0);
  return startup.master.emplace(master_status_fd, generation, ::getpid());
}

FailingServerSurroundings surroundings(Startup& startup, const Config& known, std::vector<int> listeners) {
  FailingServerSurroundings around;
  around.listeners = std::move(listeners);
  around.master = &master_of(startup);
  around.stream_name = startup.options.service_name + " socket";
  around.announces = known.uflush_announcement;
  around.descriptors_are_passed = descriptors_are_passed(startup.options);
  if (startup.config_watch) {
    ConfigWatch& watch = *startup.config_watch;
    around.watches.push_back({.fd = watch.fd(), .must_end = [&watch] { return watch.drain_and_check(); }});
  }
  return around;
}

}  // namespace

void answer_while_broken(Startup& startup, const Config& known) {
  constexpr std::chrono::seconds grace{15};
  if (!known.uflush_answer_when_broken || was_started_by_hand(startup.options)) return;
  std::vector<int> listeners = listeners_at_hand(startup.options.socket_count);
  if (listeners.empty()) return;
  auto ring = EpollRing::create();
  if (!ring) return;
  watch_what_may_be_mended(startup, known);
  if (!give_up_rights(known)) return;
  if (startup.log.verbose() > 0) startup.log.info("answering FAIL for a while");
  let_signals_kill();
  ::alarm(static_cast<unsigned>((answer_time_when_broken + grace).count()));  // should the loop stand still
  SystemClock clock;
  Loop loop(*ring.value(), clock);
  FailingServer server(loop, startup.log, surroundings(startup, known, std::move(listeners)));
  loop.run(server.run());
  static_cast<void>(startup.log_output.flush());
}

}  // namespace uflush
