/// A control group of its own, to see how long its processes stand still for want of I/O (PSI).
#pragma once

#include <chrono>
#include <string>

#include <sys/types.h>

namespace uflush::support {

/// Made below the mounted cgroup2 hierarchy, removed in the end; its processes must be gone by then.
class PressureGroup {
 public:
  PressureGroup();
  PressureGroup(const PressureGroup&) = delete;
  PressureGroup& operator=(const PressureGroup&) = delete;
  ~PressureGroup();

  /// Why nothing can be measured here; empty when it can.
  [[nodiscard]] const std::string& why_not() const noexcept { return why_not_; }
  /// Moves a process in. False when the kernel refuses.
  [[nodiscard]] bool add(pid_t process) const;
  /// For how long at least one of its threads has waited for I/O so far.
  [[nodiscard]] std::chrono::microseconds io_pressure() const;

 private:
  std::string path_;
  std::string why_not_;
};

}  // namespace uflush::support
