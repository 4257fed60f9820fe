/// Which CPUs the servers and the load generator run on.
///
/// Left alone, the scheduler may keep a client and its server on one CPU or on two, and may change its mind
/// in the middle of a run: wake-ups across CPUs can double the cost of a request, above all in a virtual
/// machine.
#pragma once

namespace uflush::bench {

enum class Placement {
  free,      ///< as the scheduler likes, which is how it is in production
  together,  ///< all on the first CPU: rates show the sum of both sides' work
  apart,     ///< the load generator alone on the first CPU, the servers and their master on the others
};

/// For the calling thread, and for threads and processes that it starts from now on. A failure when there is
/// only one CPU to place things apart.
void place_servers(Placement placement);
void place_clients(Placement placement);

}  // namespace uflush::bench
