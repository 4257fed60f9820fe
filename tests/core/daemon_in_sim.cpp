#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

std::unique_ptr<EligibleSites> open_list(const Config& config, Log& log) {
  EligibilityConfig list;
  list.fast_flush_domains = config.fast_flush_domains;
  list.parent_domain_matches_subdomains = config.parent_domain_matches_subdomains;
  auto opened = EligibleSites::open(
      list, [](const std::string&) -> Result<std::string> { return Error{ENOENT}; }, log);
  FLUSH_ASSERT(opened != nullptr);
  return opened;
}

ServerSurroundings surroundings(Sim& sim) {
  for (const char* directory : {"active", "deferred", "flush", "incoming", "public"}) {
    [[maybe_unused]] auto made = sim.files.make_directory(current_directory, directory, 0700);
  }
  ServerSurroundings around;
  around.listeners = {sim.listen("public/flush")};
  around.clients_max = 1000;
  around.idle_limit = false;
  return around;
}

}  // namespace

Config DaemonInSim::everybody_is_welcome() {
  Config config;
  config.service_name = "flush";
  config.fast_flush_domains = "static:all";
  return config;
}

DaemonInSim::DaemonInSim(Sim& world, Config wanted)
    : sim(world),
      log(sink),
      config(std::move(wanted)),
      layout(config.hash_queue_names, config.hash_queue_depth),
      names(Idna::idna2008),
      eligible(open_list(config, log)),
      queue_manager(sim.loop, sim.files, config, log),
      spool{sim.loop, sim.pool, sim.pool, sim.files, layout, config, queue_manager, log},
      service(spool, *eligible, names),
      server(sim.loop, service, config, log, surroundings(sim)) {
  sim.start(run());
}

DaemonInSim::~DaemonInSim() {
  server.drain("end of test");
  sim.finish();
}

Task<void> DaemonInSim::run() {
  exit_status = co_await server.run();
}

std::string DaemonInSim::request(const FlushRequest& request) {
  std::string bytes;
  append_request(bytes, request);
  std::string said = sim.exchange("public/flush", bytes);
  EXPECT_TRUE(said.starts_with(announcement)) << said;
  return said.substr(std::min(said.size(), announcement.size()));
}

Status DaemonInSim::ask(const FlushRequest& wanted) {
  const ReplyStep step = decode_reply(request(wanted));
  EXPECT_EQ(step.kind, ReplyStep::Kind::complete);
  return step.status;
}

}  // namespace uflush
