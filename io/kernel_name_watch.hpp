/// News of names from the kernel.
#pragma once

#include "io/fd.hpp"
#include "io/name_watch.hpp"

namespace uflush {

/// Opens its descriptor when it is first needed.
class KernelNameWatch final : public NameWatch {
 public:
  [[nodiscard]] Result<void> watch(const char* directory, Interest interest) override;
  [[nodiscard]] News read() override;
  [[nodiscard]] Result<int> fd() override;

 private:
  Fd fd_;
};

}  // namespace uflush
