/// Leases and news of names from the kernel.
#pragma once

#include "io/fd.hpp"
#include "io/file_guard.hpp"

namespace uflush {

/// Opens its descriptors when they are first needed. Its signals, `lease_signal` and SIGIO, must be blocked
/// in every thread before the first lease is taken: `block_signals` in the first thread, before there are
/// others.
class KernelFileGuard final : public FileGuard {
 public:
  static void block_signals() noexcept;

  [[nodiscard]] Result<void> take_lease(FileHandle file) override;
  void return_lease(FileHandle file) noexcept override;
  [[nodiscard]] WantedLeases wanted_leases() override;
  [[nodiscard]] Result<int> wanted_leases_fd() override;
  [[nodiscard]] Result<void> watch_names(const char* directory) override;
  [[nodiscard]] ChangedNames changed_names() override;

 private:
  Fd signals_;
  Fd names_;
};

}  // namespace uflush
