#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/log.hpp"
#include "io/fd.hpp"

namespace uflush {

/// Sends records to postlogd(8): one unix datagram each, `Mmm dd hh:mm:ss HOST TAG[pid]: TEXT` (BEHAVIOUR.md
/// 7.3).
///
/// The reference blocks while postlogd does not drain its socket, and loses what it cannot send. This sink
/// never blocks: what the socket does not take waits, in order, up to `waiting_max` records. What comes after
/// that is counted, and the number is logged in its place once there is room again. What still waits when the
/// sink goes is lost: see flush_within().
/// Invariant: waiting() <= waiting_max; lost_ > 0 only while records wait.
class PostlogSink : public LogSink {
 public:
  static constexpr std::size_t waiting_max = 1000;

  /// Connects to the socket at `path`; when that fails every record tries again. `host` is cut at its first
  /// dot, and `amnesiac` when empty.
  PostlogSink(std::string path, std::string_view host, std::string tag);

  void write(Severity severity, std::string_view text) override;
  [[nodiscard]] std::vector<PreparedRecord> prepare(Severity severity, std::string_view text,
                                                    std::time_t when) const override;

  /// Sends what waits, as far as the socket takes it now. True when nothing is left.
  bool flush();
  /// Waits up to `limit` for postlogd to take everything: for the last words of a process. True when nothing
  /// is left.
  bool flush_within(std::chrono::milliseconds limit);

  /// Records that wait. While there are some, somebody has to call flush() from time to time.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

  /// Where to connect from now on when the connection is lost: after chroot(2) the old path leads nowhere.
  void set_path(std::string path) { path_ = std::move(path); }

 private:
  enum class Sent : std::uint8_t { yes, socket_full, failed };

  [[nodiscard]] bool connect();
  [[nodiscard]] Sent send(std::string_view record);
  [[nodiscard]] std::string format(Severity severity, std::string_view text, std::time_t when) const;
  [[nodiscard]] std::string take_loss_report();
  void enqueue(std::string record);

  std::string path_;
  std::string host_;
  std::string tag_;
  Fd fd_;
  std::deque<std::string> waiting_;
  std::uint64_t lost_ = 0;
};

}  // namespace uflush
