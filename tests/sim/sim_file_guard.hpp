/// Leases and news of names in the simulation.
#pragma once

#include <set>

#include "io/fd.hpp"
#include "io/file_guard.hpp"
#include "tests/sim/sim_files.hpp"

namespace uflush {

class SimFileGuard final : public FileGuard {
 public:
  /// Borrows all of them. `files` are those of the process that holds the leases.
  SimFileGuard(SimDisk& disk, SimFiles& files, Dice& dice);
  ~SimFileGuard() override;

  /// How likely it is that the kernel loses count of wanted leases or of names.
  double loss = 0;
  /// What `watch_names` fails with; 0: it does not.
  int watch_error = 0;

  [[nodiscard]] Result<void> take_lease(FileHandle file) override;
  void return_lease(FileHandle file) noexcept override { files_.return_lease(file); }
  [[nodiscard]] WantedLeases wanted_leases() override;
  [[nodiscard]] Result<int> wanted_leases_fd() override { return readable_.get(); }
  [[nodiscard]] Result<void> watch_names(const char* directory) override;
  [[nodiscard]] ChangedNames changed_names() override;

 private:
  void note_name(const SimDisk::Place& place);

  SimDisk& disk_;
  SimFiles& files_;
  Dice& dice_;
  Fd readable_;  ///< an eventfd
  std::set<FileHandle> wanted_;
  std::set<const SimInode*> watched_;
  ChangedNames changed_;
};

}  // namespace uflush
