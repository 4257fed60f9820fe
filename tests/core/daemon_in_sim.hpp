/// The service, complete, in a simulated world: everything above the seams is the code of the daemon.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/server.hpp"
#include "tests/core/memory_sink.hpp"
#include "tests/sim/sim.hpp"
#include "tests/sim/sim_client.hpp"
#include "tests/sim/sim_name_watch.hpp"

namespace uflush {

/// A spool with the queue directories, the daemon serving on public/flush.
class DaemonInSim {
 public:
  using Adjust = std::function<void(ServerSurroundings&)>;

  /// Starts at once. `config.fast_flush_domains` defaults to every site. `adjust` may change the server's
  /// surroundings: by default no master(8), no idle limit, room for 1000 clients.
  explicit DaemonInSim(Sim& sim, Config config = everybody_is_welcome(), const Adjust& adjust = {});
  ~DaemonInSim();
  DaemonInSim(const DaemonInSim&) = delete;
  DaemonInSim& operator=(const DaemonInSim&) = delete;

  /// Sends the request as a stock client does; returns what the daemon said after its announcement. Then
  /// everybody else does what there is to do.
  std::string request(const FlushRequest& request);
  Status ask(const FlushRequest& request);

  [[nodiscard]] static Config everybody_is_welcome();
  /// The same with hash_queue_names and hash_queue_depth.
  [[nodiscard]] static Config hashing(std::string queues, int depth);
  /// The server has come to its end.
  [[nodiscard]] bool is_over() const noexcept { return exit_status >= 0; }

  Sim& sim;
  MemorySink sink;
  Log log;
  Config config;
  QueueLayout layout;
  SiteNames names;
  std::unique_ptr<EligibleSites> eligible;
  QueueManager queue_manager;
  SimNameWatch name_watch;
  SpoolAccess spool;
  Service service;
  Server server;
  int exit_status = -1;

 private:
  Task<void> run();
};

/// The bytes that a stock client sends.
[[nodiscard]] std::string request_bytes(const FlushRequest& request);

/// A stock client: connects, sends one request, reads until the daemon closes.
class Caller {
 public:
  Caller(Sim& sim, const FlushRequest& request);

  [[nodiscard]] bool is_over() const noexcept { return client_.is_over(); }
  /// What it was told so far; nothing when there was no reply.
  [[nodiscard]] std::optional<Status> answer() const;

 private:
  SimClient client_;
};

/// Whether each of these clients or callers has come to its end.
template <typename Peers>
[[nodiscard]] bool are_over(const Peers& peers) {
  return std::all_of(peers.begin(), peers.end(), [](const auto& peer) { return peer.is_over(); });
}

/// "A7" of "A" and 7.
[[nodiscard]] std::string numbered(std::string_view text, std::size_t number);

/// Whether `text` has `line` as a whole line.
[[nodiscard]] bool has_line(std::string_view text, std::string_view line);
/// The same of a logfile, which may be missing.
[[nodiscard]] bool log_has(const SimFiles& files, std::string_view path, std::string_view queue_id);

}  // namespace uflush
