/// Another flush process on the same spool, which behaves as the stock daemon does: opens the logfile first
/// and waits for the lock afterwards, holds the lock for a whole send, removes an empty log without a lock
/// (BEHAVIOUR.md 3.1, 3.3, 3.5).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/sim_files.hpp"

namespace uflush {

class Sim;

/// Each request runs on a thread of the simulation and pauses at each file call, so that anybody else may act
/// in between. Must not go before they are over (`is_busy`).
class OtherFlush {
 public:
  explicit OtherFlush(Sim& sim);
  OtherFlush(const OtherFlush&) = delete;
  OtherFlush& operator=(const OtherFlush&) = delete;
  ~OtherFlush();

  /// Appends a line under the lock.
  void add(std::string_view log_path, std::string_view queue_id);
  /// The same, but is killed before it has written the newline.
  void add_half(std::string_view log_path, std::string_view text);
  /// Reads the log under the lock, handles each line, truncates.
  void send(std::string_view log_path);
  /// Looks at the size, and removes the log if that was 0.
  void purge(std::string_view log_path);

  /// Called under the lock for each line of a log that is sent; empty: nothing.
  std::function<void(FileSystem& files, const std::string& queue_id)> handle;

  [[nodiscard]] bool is_busy() const noexcept { return busy_ > 0; }
  /// The lines that its sends have read, in order.
  [[nodiscard]] const std::vector<std::string>& handled() const noexcept { return handled_; }

 private:
  void start(std::function<void()> request);
  void append(const std::string& log_path, const std::string& text);
  void send_log(const std::string& log_path);
  void handle_lines(const std::string& text);
  [[nodiscard]] std::string read_all(FileHandle file);
  void remove_empty(const std::string& log_path);

  Sim& sim_;
  SimFiles files_;
  std::vector<std::string> handled_;
  std::size_t busy_ = 0;
};

}  // namespace uflush
