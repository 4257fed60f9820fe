/// Simulated files with what they need, for tests that need no world around them.
#pragma once

#include "tests/sim/dice.hpp"
#include "tests/sim/sim_clock.hpp"
#include "tests/sim/sim_disk.hpp"
#include "tests/sim/sim_files.hpp"
#include "tests/sim/sim_threads.hpp"

namespace uflush {

struct SimMachine {
  Dice dice{Seed{1}};
  SimClock clock;
  SimDisk disk{clock};
  SimThreads threads{dice};
  SimFiles files{disk, threads, dice};
};

}  // namespace uflush
