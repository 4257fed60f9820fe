/// How far a run is, on one line of a terminal.
#pragma once

#include <chrono>
#include <string_view>

namespace uflush::bench {

/// Silent when stdout is not a terminal. The destructor wipes the line.
class ProgressBar {
 public:
  ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  /// `done`: 0 to 1.
  void show(double done, std::string_view next);

 private:
  bool on_terminal_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace uflush::bench
