/// Plays the queue manager at public/qmgr: collects the trigger bytes that flush sends (BEHAVIOUR.md 3.6).
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/owned_fd.hpp"
#include "tests/support/wait.hpp"

namespace uflush::support {

class QmgrSocket {
 public:
  enum class Kind { stream, fifo };

  /// Makes `path`, which must not exist yet.
  explicit QmgrSocket(const std::string& path, Kind kind = Kind::stream);
  QmgrSocket(const QmgrSocket&) = delete;
  QmgrSocket& operator=(const QmgrSocket&) = delete;
  ~QmgrSocket();

  /// Trigger bytes so far, in order of arrival, without the NULs: one send_site is `FI`.
  [[nodiscard]] std::string triggers() const;
  std::string take_triggers();
  /// When the first such byte since the last take_triggers() came; waits for it, absent after `timeout`.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> first_arrival(
      char trigger, milliseconds timeout = patience) const;
  /// True once triggers() ends with `tail`.
  [[nodiscard]] bool wait_for(std::string_view tail, milliseconds timeout = patience) const;

 private:
  void collect();
  void take_from_stream();
  void keep(std::string_view received);

  Kind kind_;
  OwnedFd source_;
  OwnedFd stop_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::string triggers_;
  std::map<char, std::chrono::steady_clock::time_point> first_arrivals_;
  std::thread reader_;
};

}  // namespace uflush::support
