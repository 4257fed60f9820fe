/// What has to stand beside every number: where and with what it was measured.
#pragma once

#include <string>

namespace uflush::bench {

struct Machine {
  std::string cpu;
  unsigned cpus = 0;
  std::string kernel;
  std::string file_system;  ///< `ext4 (/dev/vda1)`, of the first spool
  std::string postfix_version;
  std::string uflush_version;
  std::string compiler;
  std::string load_average;  ///< when the run began: other work spoils the numbers
};

/// Its type and device: `ext4 (/dev/vda1)`.
[[nodiscard]] std::string file_system_of(const std::string& directory);

/// `directory`: where the spool is.
[[nodiscard]] Machine describe_machine(const std::string& directory);

}  // namespace uflush::bench
