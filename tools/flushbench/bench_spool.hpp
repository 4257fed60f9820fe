/// The spool that all servers of one comparison work on, with the neighbours that a flush daemon talks to.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/log_socket.hpp"
#include "tests/support/qmgr_socket.hpp"
#include "tests/support/spool.hpp"

namespace uflush::bench {

/// Made below `parent` (empty: $TMPDIR, else /tmp) and removed by the destructor.
class BenchSpool {
 public:
  explicit BenchSpool(const std::string& parent);

  [[nodiscard]] const support::Spool& spool() const noexcept { return spool_; }

  /// Every measurement starts without logfiles.
  void remove_logfiles() const;
  [[nodiscard]] std::uint64_t logfile_bytes() const;

  /// Puts `count` messages into the deferred queue, all of them listed in the logfile of send_site_name.
  /// Files that an earlier send has moved to the incoming queue are moved back, so that they stay warm.
  void defer_messages(std::size_t count);
  [[nodiscard]] std::size_t incoming_messages() const;
  static constexpr const char* send_site_name = "backlog.example";

  /// What the servers had to say: nothing, when all is well.
  [[nodiscard]] std::string log_text() const;

 private:
  [[nodiscard]] std::string incoming_path(const std::string& id) const;

  support::Spool spool_;
  support::LogSocket log_;
  support::QmgrSocket queue_manager_;
  std::size_t messages_ = 0;
};

}  // namespace uflush::bench
