#include "tools/flushbench/workloads.hpp"

#include "tools/flushbench/adding.hpp"
#include "tools/flushbench/sending.hpp"

namespace uflush::bench {

const std::vector<std::string>& workload_names() {
  static const std::vector<std::string> names = {"add", "pipeline", "send"};
  return names;
}

std::vector<std::unique_ptr<Workload>> make_workloads(const std::vector<std::string>& names,
                                                      const WorkloadOptions& options) {
  std::vector<std::unique_ptr<Workload>> workloads;
  for (const std::string& name : names) {
    if (name == "add") {
      for (const std::size_t clients : options.clients)
        workloads.push_back(std::make_unique<Adding>(LoadShape{clients, options.sites, 0}, options.limit));
    } else if (name == "pipeline") {
      const LoadShape shape{options.connections, options.sites, options.batch};
      workloads.push_back(std::make_unique<Adding>(shape, options.limit));
    } else if (name == "send") {
      workloads.push_back(std::make_unique<Sending>(options.messages));
    }
  }
  return workloads;
}

}  // namespace uflush::bench
