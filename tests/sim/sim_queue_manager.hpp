/// The queue manager as the flush daemon sees it: a socket or FIFO that takes trigger bytes
/// (BEHAVIOUR.md 3.6).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/fd.hpp"
#include "tests/sim/sim_actor.hpp"
#include "tests/sim/sim_listener.hpp"

namespace uflush {

class Sim;

class SimQueueManager final : public SimActor {
 public:
  /// Enters `sim` and listens on the socket public/qmgr.
  explicit SimQueueManager(Sim& sim);
  ~SimQueueManager() override;

  /// Replaces the socket by a FIFO, as `qmgr` in master.cf of old.
  void use_fifo();
  /// Nobody listens any more; the name stays.
  void stop_listening() { listener_.reset(); }
  /// While false, connections are neither accepted nor read.
  bool is_awake = true;
  /// Called with each trigger byte as it comes in: what a queue manager would do about it.
  std::function<void(char)> on_trigger;

  /// All trigger bytes so far, without the NULs, in the order in which they were read.
  [[nodiscard]] const std::string& triggers() const noexcept { return triggers_; }
  void forget_triggers() { triggers_.clear(); }
  /// Connections that have not been closed by either side.
  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

  [[nodiscard]] bool can_act() const override;
  void act() override;

 private:
  void take(std::string_view bytes);

  Sim& sim_;
  std::unique_ptr<SimListener> listener_;
  std::vector<Fd> connections_;  ///< in the order of arrival
  std::string triggers_;
};

}  // namespace uflush
