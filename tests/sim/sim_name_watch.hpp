/// News of names in the simulation.
#pragma once

#include <map>

#include "io/fd.hpp"
#include "io/name_watch.hpp"
#include "tests/sim/sim_disk.hpp"

namespace uflush {

class SimNameWatch final : public NameWatch {
 public:
  /// Borrows both.
  SimNameWatch(SimDisk& disk, Dice& dice);
  ~SimNameWatch() override;

  /// How likely it is that the kernel loses news.
  double loss = 0;
  /// What `watch` fails with; 0: it does not.
  int error = 0;

  [[nodiscard]] Result<void> watch(const char* directory, Interest interest) override;
  [[nodiscard]] News read() override;
  [[nodiscard]] Result<int> fd() override { return readable_.get(); }

 private:
  void note(SimDisk::NameEvent event, const SimDisk::Place& place);

  SimDisk& disk_;
  Dice& dice_;
  Fd readable_;  ///< an eventfd
  std::map<const SimInode*, Interest> watched_;
  News news_;
};

}  // namespace uflush
