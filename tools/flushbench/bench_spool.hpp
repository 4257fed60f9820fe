/// The spool that all servers of one comparison work on, with the neighbours that a flush daemon talks to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "tests/support/log_socket.hpp"
#include "tests/support/qmgr_socket.hpp"
#include "tests/support/spool.hpp"

namespace uflush::bench {

/// Made below `parent` (empty: $TMPDIR, else /tmp) and removed by the destructor.
///
/// Making a hundred thousand files takes seconds. So the logfiles and the messages of each workload stay:
/// while others run, their directories stand aside under another name.
class BenchSpool {
 public:
  explicit BenchSpool(const std::string& parent);

  [[nodiscard]] const support::Spool& spool() const noexcept { return spool_; }
  [[nodiscard]] support::QmgrSocket& queue_manager() noexcept { return queue_manager_; }

  /// For adds: the logfiles of numbered_sites(count), which are there and empty, as on a relay that has sent
  /// before.
  void prepare_sites(std::size_t count);
  /// Lines of AddRequests in all logfiles.
  [[nodiscard]] std::uint64_t logfile_lines() const;

  /// For sends: `count` messages in the deferred queue, all of them listed in the logfile of backlog_site,
  /// and no other logfile. What earlier sends have moved to the incoming queue is moved back, and so is still
  /// in the caches.
  void defer_messages(std::size_t count);
  static constexpr const char* backlog_site = "backlog.example";
  [[nodiscard]] std::size_t incoming_messages() const;

  /// For refresh: logfiles of which none is due: four of five are empty.
  void prepare_fresh_logfiles(std::size_t count);
  /// Logfiles that nobody has looked at for a day, each with one message that is deferred.
  void prepare_due_logfiles(std::size_t count);

  /// Writes everything to the disk and empties the caches of the whole machine. False where that is not
  /// allowed.
  [[nodiscard]] static bool drop_caches();

  /// What the servers had to say: nothing, when all is well.
  [[nodiscard]] std::string log_text() const;

 private:
  /// Puts another set of files in the place of a directory; true when the set is new, and empty.
  bool bring(const std::string& directory, const std::string& set);
  void make_directory(const std::string& name) const;
  void bring_messages(const std::string& set, std::size_t count);
  void make_messages(std::size_t count) const;
  void move_back();

  support::Spool spool_;
  support::LogSocket log_;
  support::QmgrSocket queue_manager_;
  std::map<std::string, std::string> present_;  ///< directory -> the set that is there
};

}  // namespace uflush::bench
