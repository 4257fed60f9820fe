/// A complete Postfix of its own on loopback: configuration, queue, programs and ports that nobody else has.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/queue_directory.hpp"
#include "tests/support/smtp_client.hpp"
#include "tests/support/spool.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/tested_daemon.hpp"

namespace uflush::support {

/// The destinations that every instance knows. All are down until a test puts an SmtpSink on their address.
inline constexpr const char* eligible_one = "one.example";
inline constexpr const char* eligible_two = "two.example";
inline constexpr const char* not_eligible = "three.example";

struct PostfixOptions {
  std::string flush_program = tested_daemon();
  std::string flush_arguments = {};  ///< as in master.cf, behind the program
  bool flush_chroot = false;
  int flush_process_limit = 0;
  std::string flush_wakeup = "1000?";
  Parameters main_cf = {};  ///< override ours
  /// When not empty: no maillog_file; the instance lives in a mount namespace where /dev/log is this socket.
  std::string syslog_socket = {};
};

/// The destructor stops it (SIGKILL to its process group if need be) and removes everything; a guard process
/// does the same should the test program itself be killed.
class PrivatePostfix {
 public:
  /// Makes the instance, does not start it.
  explicit PrivatePostfix(PostfixOptions options = {});
  PrivatePostfix(const PrivatePostfix&) = delete;
  PrivatePostfix& operator=(const PrivatePostfix&) = delete;
  ~PrivatePostfix();

  /// `postfix -c DIR VERB`.
  Output postfix(const std::string& verb) const;
  /// The same, and a failure unless it exits 0.
  void start() const { must_succeed(postfix("start")); }
  void stop() const { must_succeed(postfix("stop")); }
  void reload() const { must_succeed(postfix("reload")); }
  /// Runs /usr/sbin/`argv[0]` with this instance's configuration (-c, or -C for sendmail).
  Output command(std::vector<std::string> argv, std::string_view input = {}) const;

  [[nodiscard]] const std::string& config_directory() const noexcept { return config_directory_; }
  [[nodiscard]] const QueueDirectory& queue() const noexcept { return queue_; }
  [[nodiscard]] InetAddress smtpd_address() const;
  /// Where mail for one of the three destinations is sent to.
  [[nodiscard]] InetAddress address_of(std::string_view destination) const;

  /// Sends `count` messages to `u@destination`, over several connections; returns when Postfix has accepted
  /// all.
  void inject(std::string_view destination, int count = 1) const;
  /// The same while the mail system may go down: returns how many were accepted.
  int try_inject(std::string_view destination, int count) const;
  /// Ids of the messages that wait for a destination, sorted, as postqueue(1) shows them.
  [[nodiscard]] std::vector<std::string> ids_for(std::string_view destination) const;
  /// Waits until every accepted message is delivered or deferred. Queue files are what counts: a delivery
  /// agent logs `status=deferred` before it tells the flush service.
  void wait_until_settled() const;

  /// Our log so far; empty with a syslog_socket.
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::vector<std::string> log_lines_with(std::string_view part) const;
  [[nodiscard]] bool wait_for_log(std::string_view part, milliseconds timeout = patience) const;

  /// What the flush daemon and master(8) have logged at warning level and above.
  [[nodiscard]] std::vector<std::string> complaints() const;

  /// Absent while the mail system is down.
  [[nodiscard]] std::optional<pid_t> master_pid() const;
  /// Running flush daemons of this instance, the one that runs longest first.
  [[nodiscard]] std::vector<pid_t> flush_pids() const;
  /// The processes of theirs that keep the rights of root.
  [[nodiscard]] std::vector<pid_t> privileged_pids() const;
  /// True once none runs any more.
  [[nodiscard]] bool wait_for_flush_to_end(milliseconds timeout = patience) const;

 private:
  [[nodiscard]] std::vector<pid_t> processes(const std::string& name) const;
  void make_programs() const;
  void write_configuration() const;
  [[nodiscard]] std::string last_log_lines() const;
  void must_succeed(const Output& output) const;

  PostfixOptions options_;
  TempDir top_;
  std::string config_directory_;
  std::string programs_;
  QueueDirectory queue_;
  std::string host_;
  int first_port_ = 0;
  OwnedFd guard_;
  pid_t guard_pid_ = -1;
};

}  // namespace uflush::support
