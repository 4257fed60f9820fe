#include "tools/flushbench/load_generator.hpp"

#include <ctime>

#include "tools/flushbench/one_shot_clients.hpp"
#include "tools/flushbench/pipelining_clients.hpp"
#include "tools/flushbench/ring_clients.hpp"

namespace uflush::bench {

double thread_cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

std::unique_ptr<LoadGenerator> make_load_generator(const std::string& socket_path, const LoadShape& shape) {
  if (shape.batch > 0) return std::make_unique<PipeliningClients>(socket_path, shape);
  if (auto clients = RingClients::make(socket_path, shape)) return clients;
  return std::make_unique<OneShotClients>(socket_path, shape);
}

}  // namespace uflush::bench
