/// Clients of a flush service, all in one thread, each in a closed loop: a new request as soon as the last
/// one is answered.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tools/flushbench/requests.hpp"
#include "tools/flushbench/statistics.hpp"

namespace uflush::bench {

using Clock = std::chrono::steady_clock;

enum class RequestKind { add, send_site, send_file };

struct LoadShape {
  std::size_t clients = 16;
  std::size_t sites = 100;  ///< numbered_sites(), used in turn
  /// 0: one request per connection, as Postfix's own clients do. Else every client keeps its connection and
  /// sends that many requests in one write (its first write has two at least: that is how it says that it
  /// stays).
  std::size_t batch = 0;
  RequestKind request = RequestKind::add;
  std::string only_site = {};  ///< instead of `sites`
};

/// When a run ends. Requests under way are finished.
struct LoadLimit {
  std::optional<std::uint64_t> requests = {};  ///< present: wins over `duration`
  std::chrono::nanoseconds duration = std::chrono::seconds(1);
  const std::atomic<bool>* stop = nullptr;  ///< present: when it becomes true, if not earlier
};

struct LoadResult {
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;  ///< answered, but not with status 0
  double seconds = 0;
  double client_cpu_seconds = 0;  ///< of the calling thread
  Percentiles latency;  ///< from before connect(2) to the whole reply; with `batch`, of whole batches
  std::vector<double> distribution = {};  ///< of the same latencies: see distribution_shares()
};

/// One-threaded; errors of the machine and a server that breaks the protocol end in support::HarnessError.
class LoadGenerator {
 public:
  virtual ~LoadGenerator() = default;
  /// May be called again; queue IDs go on where the last run ended.
  virtual LoadResult run(const LoadLimit& limit) = 0;
};

[[nodiscard]] std::unique_ptr<LoadGenerator> make_load_generator(const std::string& socket_path,
                                                                 const LoadShape& shape);

/// CPU seconds that the calling thread has used.
[[nodiscard]] double thread_cpu_seconds();

}  // namespace uflush::bench
