#include "tools/uflush/serve.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include "core/config_changes.hpp"
#include "core/server.hpp"
#include "core/shortage_log.hpp"
#include "io/blocking_pool.hpp"
#include "io/kernel_files.hpp"
#include "io/kernel_name_watch.hpp"
#include "io/loop.hpp"
#include "tools/uflush/end_signals.hpp"
#include "tools/uflush/memory.hpp"
#include "tools/uflush/open_ring.hpp"
#include "tools/uflush/standalone.hpp"
#include "tools/uflush/stdio_socket.hpp"
#include "tools/uflush/watchdog.hpp"

namespace uflush {
namespace {

/// Sends and scans at the same time. Renames across directories are serialised by the kernel: more threads
/// burn more processor time for little.
constexpr std::size_t work_threads_max = 2;
/// Tables are asked one question at a time.
constexpr std::size_t table_threads_max = 1;
/// A daemon that cannot open so many files more can serve nobody: one client, its logfile, or what a send
/// opens.
constexpr std::size_t spare_descriptors_min = 8;
/// Descriptors that are neither connections nor logfiles: directories, the process's own.
constexpr std::size_t other_descriptors = 128 + 64;
/// Logfiles that stay open, as opening one costs as much as the rest of an add: these, if they are no more
/// than a quarter of the descriptors, and more while clients do not need the rest.
constexpr std::size_t open_logfiles_min = 16'384;
/// After SIGTERM, how long the spool may take to become consistent.
constexpr std::chrono::seconds leave_limit{3};
/// When records that the logger would not take are offered again: soon at first, then less and less often, as
/// there may never be a logger.
constexpr std::chrono::milliseconds log_retry_first{200};
constexpr std::chrono::milliseconds log_retry_last{6400};

std::size_t raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

/// Ops that a client may have under way at the same time, for as long as it likes: receiving the next
/// requests and sending the last answers.
constexpr std::size_t ops_per_client = 2;
/// All others.
constexpr std::size_t other_ops = 64;

bool has_spare_descriptors() {
  std::array<Fd, spare_descriptors_min> spare;
  for (Fd& each : spare) {
    each.reset(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!each) return false;
  }
  return true;
}

/// Where reports of shortages go: the handler takes no argument of ours.
ShortageLog* shortage_log = nullptr;

void log_shortage(Shortage what, Error why) {
  if (shortage_log != nullptr) shortage_log->report(what, why);
}

/// How many clients the ring has room for without any of them keeping others waiting.
std::size_t clients_that_fit(const Ring& ring) {
  const std::size_t ops = ring.ops_max();
  return (ops - std::min(ops / 2, other_ops)) / ops_per_client;
}

/// The objects of a running daemon, in the order in which they need each other.
class Daemon {
 public:
  Daemon(Startup& startup, Prepared& prepared)
      : startup_(startup),
        prepared_(prepared),
        loop_(*prepared.ring, clock_),
        layout_(startup.config.hash_queue_names, startup.config.hash_queue_depth),
        names_(startup.config.enable_idna2003_compatibility ? Idna::transitional : Idna::idna2008),
        queue_manager_(loop_, files_, startup.config, startup.log),
        shortages_(startup.log, clock_) {
    shortage_log = &shortages_;
    set_shortage_handler(log_shortage);
    say_when_out_of_memory(
        [this] { return startup_.log_output.prepare(Severity::fatal, "out of memory", std::time(nullptr)); });
  }
  ~Daemon() {
    set_shortage_handler(nullptr);
    shortage_log = nullptr;
    say_when_out_of_memory({});
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// The exit status, or why this process cannot begin to serve.
  OrFatal<int> run() {
    auto work = BlockingPool::create(loop_, work_threads_max);
    // A thread from the start, if there are tables that may have to be waited for.
    const bool asks_tables = prepared_.eligible->may_block();
    auto tables = BlockingPool::create(loop_, table_threads_max,
                                       asks_tables ? NoThread::refuse : NoThread::run_on_loop);
    if (!work || !tables) return Fatal{"eventfd: " + last_error().message()};
    if (!has_spare_descriptors())
      return Fatal{
          fmt::format("the limit of open files is too low: {} more are needed", spare_descriptors_min)};
    if (startup_.options.serve_stdin) {
      auto stdio = StdioSocket::open();
      if (!stdio) return Fatal{"standard input: " + stdio.error().message()};
      stdio_ = std::move(stdio).value();
    }
    int status = 0;
    loop_.run(run_in_loop(*work.value(), *tables.value(), status));
    startup_.log_output.flush_within(last_words_limit);
    return status;
  }

 private:
  Task<void> run_in_loop(BlockingPool& work, BlockingPool& tables, int& status);
  ServerSurroundings surroundings();
  Task<void> offer_log_again(StopToken stop);

  Startup& startup_;
  Prepared& prepared_;
  SystemClock clock_;
  KernelFiles files_;
  KernelNameWatch name_watch_;
  Loop loop_;
  QueueLayout layout_;
  SiteNames names_;
  QueueManager queue_manager_;
  EndSignals signals_;
  ShortageLog shortages_;
  std::unique_ptr<StdioSocket> stdio_;
  std::optional<Watchdog> watchdog_;
};

Task<void> Daemon::run_in_loop(BlockingPool& work, BlockingPool& tables, int& status) {
  SpoolAccess spool{loop_,          work,         tables,
                    files_,         layout_,      startup_.config,
                    queue_manager_, startup_.log, prepared_.open_logs};
  spool.open_logs.watch = &name_watch_;
  std::optional<PrivilegedClient> privileged;
  if (startup_.privileged) {
    privileged.emplace(loop_, std::move(startup_.privileged), startup_.direct_tables, startup_.config,
                       startup_.log);
    spool.privileged = &*privileged;
  }
  Service service(spool, *prepared_.eligible, names_);
  Server server(loop_, service, startup_.config, startup_.log, surroundings());
  watchdog_.emplace(loop_, startup_.config.daemon_timeout, [this](std::time_t when) {
    return startup_.log_output.prepare(Severity::fatal, "watchdog timeout", when);
  });

  Scope background;
  StopSource end;
  background.spawn(work.run());
  background.spawn(tables.run());
  background.spawn(offer_log_again(end));
  if (privileged) {
    background.spawn(privileged->run(end));
    background.spawn(privileged->try_tables(end));
  }
  ConfigChanges changes({.loop = loop_,
                         .log = startup_.log,
                         .watch = startup_.config_watch ? &*startup_.config_watch : nullptr,
                         .privileged = spool.privileged,
                         .leave = [&server] { server.drain("configuration changed"); },
                         .stay = [&server](bool stays) { server.set_may_retire(!stays); }});
  background.spawn(changes.run(end));
  std::optional<Standalone> standalone;
  if (startup_.options.standalone_directory) {
    standalone.emplace(loop_, startup_.log);
    background.spawn(standalone->play_queue_manager(end));
  }
  status = co_await server.run();
  end.request_stop();
  work.shut_down();
  tables.shut_down();
  co_await background.join();
  watchdog_.reset();
}

ServerSurroundings Daemon::surroundings() {
  ServerSurroundings around;
  around.listeners = startup_.listeners;
  around.master = startup_.master ? &*startup_.master : nullptr;
  around.clients_max = prepared_.clients_max;
  around.idle_limit = startup_.master.has_value();
  around.descriptors_are_passed = descriptors_are_passed(startup_.options);
  if (stdio_) around.only_client = stdio_->take();
  if (!startup_.options.arguments.empty()) around.unexpected_argument = startup_.options.arguments.front();
  if (signals_.fd() >= 0) {
    const auto take_signal = [this] {
      if (!signals_.take()) return false;
      watchdog_->last_call(leave_limit);  // if the spool's locks do not come free
      return true;
    };
    around.watches.push_back({.fd = signals_.fd(), .must_end = take_signal, .leave = true});
  }
  return around;
}

Task<void> Daemon::offer_log_again(StopToken stop) {
  Event backlog(loop_);
  startup_.log_output.on_backlog([&backlog] { backlog.notify(); });
  co_await backlog.wait(stop);
  auto pause = log_retry_first;
  while (!stop.stop_requested()) {
    const std::size_t before = startup_.log_output.waiting();
    if (startup_.log_output.flush()) {
      co_await backlog.wait(stop);
      pause = log_retry_first;
      continue;
    }
    if (startup_.log_output.waiting() < before) pause = log_retry_first;
    co_await Sleep(loop_, loop_.now() + pause, stop);
    pause = std::min(2 * pause, log_retry_last);
  }
  startup_.log_output.on_backlog({});
}

}  // namespace

OrFatal<void> prepare_to_serve(Startup& startup, Prepared& prepared) {
  const EligibilityConfig list{
      .fast_flush_domains = startup.config.fast_flush_domains,
      .parent_domain_matches_subdomains = startup.config.parent_domain_matches_subdomains,
      .smtputf8_enable = startup.config.smtputf8_enable,
      .daemon_table_open_error_is_fatal = startup.config.daemon_table_open_error_is_fatal,
  };
  const auto watch = [&startup](const std::string& path) { startup.watch_file(path); };
  const auto watch_and_read = [&startup](const std::string& path) { return startup.watch_and_read(path); };
  prepared.eligible = EligibleSites::open(list, watch_and_read, startup.log, watch);
  if (!prepared.eligible) {  // it has said why
    for (const char* name : {"fast_flush_domains", "relay_domains", "parent_domain_matches_subdomains"})
      startup.name_option(name);
    return Fatal{};
  }
  startup.direct_tables = prepared.eligible->direct_tables();

  const std::size_t open_files = raise_open_files_limit();
  prepared.open_logs.open_min = std::min(open_logfiles_min, open_files / 4);
  prepared.open_logs.open_max = open_logs_limit;
  prepared.open_logs.shared_max = open_files - std::min(open_files, other_descriptors);
  const std::size_t reserved = prepared.open_logs.open_min + other_descriptors;
  prepared.clients_max = open_files > 2 * reserved ? open_files - reserved : open_files / 2;
  auto ring = open_ring(startup.config, startup.log, prepared.clients_max * ops_per_client + other_ops);
  if (!ring) return std::move(ring).error();
  prepared.ring = std::move(ring).value();
  prepared.clients_max = std::min(prepared.clients_max, clients_that_fit(*prepared.ring));
  return outcome::success();
}

int serve(Startup& startup, Prepared& prepared) {
  const OrFatal<int> served = Daemon(startup, prepared).run();
  if (served) return served.value();
  prepared = {};  // who answers while it is broken needs the descriptors
  return end_broken_start(startup, served.error().text);
}

}  // namespace uflush
