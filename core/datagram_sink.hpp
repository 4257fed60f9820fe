#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.hpp"
#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {

/// Sends records to a logger behind a unix socket, one datagram each. What a record looks like is up to the
/// derived class.
///
/// Never blocks: what the socket does not take waits, in order, up to `waiting_max` records. What comes after
/// that is counted, and the number is logged in its place once there is room again. A connection that breaks
/// is made again with the next record. What still waits when the sink goes is lost: see flush_within().
/// Invariant: waiting() <= waiting_max; lost_ > 0 only while records wait.
class DatagramSink : public LogSink {
 public:
  static constexpr std::size_t waiting_max = 1000;

  void write(Severity severity, std::string_view text) override;
  [[nodiscard]] std::vector<PreparedRecord> prepare(Severity severity, std::string_view text,
                                                    std::time_t when) const override;

  /// Sends what waits, as far as the socket takes it now. True when nothing is left.
  bool flush();
  /// Waits up to `limit` for the logger to take everything: for the last words of a process. Does not wait
  /// for a logger that is not there. True when nothing is left.
  bool flush_within(std::chrono::milliseconds limit);

  /// Records that wait. While there are some, somebody has to call flush() from time to time.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

  /// Where to connect from now on when the connection is lost: after chroot(2) the old path leads nowhere.
  void set_path(std::string path) { path_ = std::move(path); }

 protected:
  /// What to do where the path leads to a stream socket.
  enum class Streams : std::uint8_t { refused, taken };

  /// Connects to the socket at `path`; when that fails every record tries again. `logger` is the program that
  /// reads, for the report of a loss.
  DatagramSink(std::string path, std::string_view logger, Streams streams);

  /// `TAG[pid]: TEXT`, with the severity word in front of the text.
  [[nodiscard]] static std::string tagged(std::string_view tag, Severity severity, std::string_view text);

 private:
  /// The record as it goes out.
  [[nodiscard]] virtual std::string format(Severity severity, std::string_view text,
                                           std::time_t when) const = 0;

  [[nodiscard]] bool connect();
  [[nodiscard]] Result<void> connect_as(int type);
  [[nodiscard]] bool send_first();
  [[nodiscard]] std::string take_loss_report();
  void enqueue(std::string record);

  std::string path_;
  std::string_view logger_;
  Streams streams_;
  Fd fd_;
  int type_ = 0;           // of fd_: SOCK_DGRAM or SOCK_STREAM
  std::size_t begun_ = 0;  // bytes of the first record that the stream has already taken
  std::deque<std::string> waiting_;
  std::uint64_t lost_ = 0;
};

}  // namespace uflush
