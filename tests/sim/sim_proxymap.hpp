/// proxymap(8) as the flush daemon sees it: a socket that answers questions about tables (BEHAVIOUR.md 8.1).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/fd.hpp"
#include "tests/sim/sim_actor.hpp"
#include "tests/sim/sim_listener.hpp"

namespace uflush {

class Sim;

/// Serves one small step at a time: accepts, or answers one request.
class SimProxymap final : public SimActor {
 public:
  struct SimTable {
    std::set<std::string> keys;
    bool pattern = false;
    /// Answer look-ups with this status instead; -1: do not.
    int lookup_status = -1;
    /// The same for requests to open the table.
    int open_status = -1;
  };

  /// Enters `sim` and listens on the socket private/proxymap.
  explicit SimProxymap(Sim& sim);
  ~SimProxymap() override;

  /// Tables that proxy_read_maps lists.
  std::map<std::string, SimTable> tables;
  /// While false, connections are neither accepted nor read.
  bool is_awake = true;
  /// Takes requests of Postfix 3.11 instead of older ones.
  bool is_3_11 = false;
  /// So many requests are answered by a close instead.
  std::size_t dies_at_requests = 0;
  /// What it says first.
  std::string announcement{"protocol\0proxymap_protocol\0\0", 28};

  /// The table, or table and key, of each request that it has read.
  std::vector<std::string> asked;
  std::size_t accepted = 0;
  /// Connections that neither side has closed.
  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }
  void close_connections() { connections_.clear(); }
  void stop_listening();

  [[nodiscard]] bool can_act() const override;
  void act() override;

 private:
  struct Connection {
    Fd fd;
    std::string received;
  };
  void accept();
  /// False when the connection is over.
  bool read(Connection& connection);
  [[nodiscard]] std::string reply_to(std::string_view request);
  [[nodiscard]] std::string found(const std::string& table, const std::string& key) const;

  Sim& sim_;
  std::unique_ptr<SimListener> listener_;
  std::vector<Connection> connections_;
};

}  // namespace uflush
