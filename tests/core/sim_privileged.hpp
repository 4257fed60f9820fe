/// The privileged process as the daemon sees it: the other end of a connection, which answers questions.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/privileged_protocol.hpp"
#include "io/fd.hpp"
#include "tests/sim/sim_actor.hpp"

namespace uflush {

class Sim;

/// Answers one question at a time.
class SimPrivileged final : public SimActor {
 public:
  explicit SimPrivileged(Sim& sim);
  ~SimPrivileged() override;

  /// The daemon's end, once.
  [[nodiscard]] Fd take_daemons_end() { return std::move(daemons_); }

  std::vector<std::set<std::string>> tables;  ///< the keys of each
  std::string broken;                         ///< not empty: look-ups fail for this reason
  std::string start_fails;                    ///< not empty: so does a start
  bool is_awake = true;                       ///< while false, nothing is read

  std::vector<std::string> asked;  ///< `0 example.com` for a key of the first table
  std::size_t rehearsals = 0;

  void say_files_changed();
  void die() { ours_.reset(); }

  [[nodiscard]] bool can_act() const override;
  void act() override;

 private:
  void send(const PrivilegedMessage& message);

  Sim& sim_;
  Fd ours_;
  Fd daemons_;
};

}  // namespace uflush
