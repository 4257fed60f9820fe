#include "tools/flushbench/workloads.hpp"

#include <algorithm>
#include <functional>

#include "tools/flushbench/adding.hpp"
#include "tools/flushbench/adding_during_send.hpp"
#include "tools/flushbench/idling.hpp"
#include "tools/flushbench/refreshing.hpp"
#include "tools/flushbench/sending.hpp"
#include "tools/flushbench/starting.hpp"

namespace uflush::bench {
namespace {

using Sizes = std::vector<std::size_t>;
using Workloads = std::vector<std::unique_ptr<Workload>>;

/// What the command line says, else a default.
class Matrix {
 public:
  explicit Matrix(const WorkloadOptions& options) : options_(options) {}

  [[nodiscard]] Sizes choose(const Sizes& given, const Sizes& small, const Sizes& full) const {
    if (!given.empty()) return given;
    return options_.full ? full : small;
  }

  void make(const std::string& name, Workloads& into) const {
    if (name == "add") return add(into);
    if (name == "sync") return sync(into);
    if (name == "keepopen") return keep_open(into);
    if (name == "pipeline") return pipeline(into);
    if (name == "add-during-send") return add_during_send(into);
    if (name == "refresh") return refresh(into);
    if (name == "start") return into.push_back(std::make_unique<Starting>(20));
    if (name == "idle") return into.push_back(std::make_unique<Idling>(options_.idle, options_.limit));
    if (name == "send-file") return send_file(into);
    for (const std::size_t messages : choose(options_.messages, {20'000}, {1'000, 50'000, 500'000}))
      into.push_back(std::make_unique<Sending>(messages, name == "send" ? Caches::warm : Caches::cold));
  }

 private:
  void add_load(AddKind kind, std::size_t clients, std::size_t sites, std::size_t batch,
                Workloads& into) const {
    const LoadShape shape{.clients = clients, .sites = sites, .batch = batch};
    into.push_back(std::make_unique<Adding>(kind, shape, options_.limit, options_.stock_processes_max));
  }
  void add(Workloads& into) const {
    for (const std::size_t sites : choose(options_.sites, {100}, {1, 100, 10'000, 100'000}))
      for (const std::size_t clients : choose(options_.clients, {1, 16, 256}, {1, 16, 256, 1'000}))
        add_load(AddKind::add, clients, sites, 0, into);
  }
  void sync(Workloads& into) const {
    for (const std::size_t sites : choose(options_.sites, {1}, {1, 100}))
      for (const std::size_t clients : choose(options_.clients, {16, 256}, {1, 16, 256}))
        add_load(AddKind::sync, clients, sites, 0, into);
  }
  void keep_open(Workloads& into) const {
    for (const std::size_t sites : choose(options_.sites, {100}, {100}))
      for (const std::size_t connections : choose(options_.connections, {16}, {16}))
        add_load(AddKind::keep_open, connections, sites, 1, into);
  }
  void pipeline(Workloads& into) const {
    for (const std::size_t sites : choose(options_.sites, {100}, {100}))
      for (const std::size_t connections : choose(options_.connections, {16}, {1, 16}))
        for (const std::size_t batch : choose(options_.batches, {64, 1'024}, {1, 8, 64, 1'024}))
          add_load(AddKind::pipeline, connections, sites, batch, into);
  }
  void add_during_send(Workloads& into) const {
    for (const std::size_t messages : choose(options_.messages, {50'000}, {200'000}))
      for (const std::size_t clients : choose(options_.clients, {1}, {1, 16}))
        for (const auto site : {AddingDuringSend::Site::same, AddingDuringSend::Site::other})
          into.push_back(
              std::make_unique<AddingDuringSend>(messages, clients, site, options_.stock_processes_max));
  }
  void refresh(Workloads& into) const {
    for (const std::size_t logfiles : choose(options_.logfiles, {10'000}, {100'000}))
      for (const auto due : {Refreshing::Due::none, Refreshing::Due::all})
        into.push_back(std::make_unique<Refreshing>(logfiles, due));
  }
  void send_file(Workloads& into) const {
    constexpr std::size_t messages_max = 1'000;
    const Sizes messages = choose(options_.messages, {messages_max}, {messages_max});
    into.push_back(std::make_unique<SendingFiles>(std::min(messages.front(), messages_max)));
  }

  const WorkloadOptions& options_;
};

}  // namespace

const std::vector<WorkloadName>& workload_names() {
  static const std::vector<WorkloadName> names = {
      {"add", "one add per connection"},
      {"sync", "the same with uflush_durability = sync, beside none"},
      {"keepopen", "one add at a time on connections that stay"},
      {"pipeline", "many adds per write on connections that stay"},
      {"send", "send_site, everything in the caches"},
      {"send-cold", "send_site, caches emptied before"},
      {"send-file", "send_file, one after the other"},
      {"add-during-send", "adds while a long send_site runs, to its site and to another"},
      {"refresh", "refresh over many logfiles, none due and all due"},
      {"start", "from fork to the first answer"},
      {"idle", "memory for idle connections, and adds beside them"}};
  return names;
}

std::vector<std::unique_ptr<Workload>> make_workloads(const std::vector<std::string>& names,
                                                      const WorkloadOptions& options) {
  Workloads workloads;
  for (const std::string& name : names) Matrix(options).make(name, workloads);
  return workloads;
}

}  // namespace uflush::bench
