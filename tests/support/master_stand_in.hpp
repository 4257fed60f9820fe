/// Starts flush daemons exactly as master(8) does (BEHAVIOUR.md 1.3 to 1.6, 1.11), for one service.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/flush_client.hpp"
#include "tests/support/owned_fd.hpp"
#include "tests/support/spool.hpp"
#include "tests/support/tested_daemon.hpp"

namespace uflush::support {

/// What a daemon writes to its status channel: twelve bytes, native byte order.
struct StatusRecord {
  std::int32_t pid = 0;
  std::uint32_t generation = 0;
  std::int32_t status = 0;  ///< 0 TAKEN, 1 AVAIL
};

struct StandInOptions {
  std::string program = tested_daemon();
  std::string service = "flush";
  int process_limit = 0;                    ///< 0: -z, 1: -l, else neither
  bool chroot = false;                      ///< -c
  std::vector<std::string> arguments = {};  ///< behind those that master composes
  /// Instead of everything behind argv[0].
  std::optional<std::vector<std::string>> all_arguments = {};
  std::string generation = "0";                ///< octal text, as in the environment
  std::string stderr_path = {};                ///< appended to; empty: /dev/null
  std::vector<std::string> environment = {};   ///< in addition; later entries win over ours
  std::optional<CallFilter> call_filter = {};  ///< which the daemon is started under
};

/// Owns the listening socket, the status channel and the children; the destructor kills what still runs.
///
/// By hand: spawn(), read_status(). Or supervise(): a thread that does what master(8) does, a new process
/// whenever a client waits and none is available.
class MasterStandIn {
 public:
  explicit MasterStandIn(const Spool& spool, StandInOptions options = {});
  MasterStandIn(const MasterStandIn&) = delete;
  MasterStandIn& operator=(const MasterStandIn&) = delete;
  ~MasterStandIn();

  [[nodiscard]] std::string socket_path() const;
  [[nodiscard]] FlushClient connect() const { return FlushClient{socket_path()}; }

  /// Starts one process, at once. The reference is good until the next spawn() or supervise().
  ChildProcess& spawn();
  /// The next record of the status channel, not while supervised; absent after `timeout`.
  std::optional<StatusRecord> read_status(milliseconds timeout = patience);

  /// What a reload means to the children: their status channel ends. Later children get a new one and the
  /// next generation.
  void disconnect();

  /// Starts the thread that keeps the service running with up to `processes_max` processes.
  void supervise(std::size_t processes_max = 100);
  /// Under supervision: all records so far, and how every ended process ended.
  [[nodiscard]] std::vector<StatusRecord> records() const;
  [[nodiscard]] std::vector<Exit> exits() const;
  /// Processes of the current generation that have not been seen to end.
  [[nodiscard]] std::vector<pid_t> pids() const;

 private:
  struct Child {
    ChildProcess process;
    bool available = true;
    bool retired = false;  // started before the last disconnect()
  };

  [[nodiscard]] std::vector<std::string> compose_argv() const;
  [[nodiscard]] std::vector<std::string> compose_environment() const;
  void open_status_channel();
  Child& start_child();
  void supervise_until_stopped();
  void take_status_records();
  void reap();
  [[nodiscard]] bool wants_child() const;

  std::string config_directory_;
  std::string queue_directory_;
  StandInOptions options_;
  unsigned generation_ = 0;
  OwnedFd listener_;
  OwnedFd flow_read_, flow_write_;
  OwnedFd status_ours_, status_childs_;
  mutable std::mutex mutex_;  // guards what follows, and the status channel
  std::vector<std::unique_ptr<Child>> children_;
  std::vector<StatusRecord> records_;
  std::vector<Exit> exits_;
  std::size_t processes_max_ = 0;
  OwnedFd stop_;
  std::thread supervisor_;
};

}  // namespace uflush::support
