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

ServerSurroundings surroundings(Sim& sim, const DaemonInSim::Adjust& adjust) {
  for (const char* directory : {"active", "deferred", "flush", "incoming", "public"}) {
    [[maybe_unused]] auto made = sim.files.make_directory(current_directory, directory, 0700);
  }
  ServerSurroundings around;
  around.listeners = {sim.listen("public/flush")};
  around.clients_max = 1000;
  around.idle_limit = false;
  if (adjust) adjust(around);
  return around;
}

}  // namespace

Config DaemonInSim::everybody_is_welcome() {
  Config config;
  config.service_name = "flush";
  config.fast_flush_domains = "static:all";
  return config;
}

Config DaemonInSim::hashing(std::string queues, int depth) {
  Config config = everybody_is_welcome();
  config.hash_queue_names = std::move(queues);
  config.hash_queue_depth = depth;
  return config;
}

DaemonInSim::DaemonInSim(Sim& world, Config wanted, const Adjust& adjust)
    : sim(world),
      log(sink),
      config(std::move(wanted)),
      layout(config.hash_queue_names, config.hash_queue_depth),
      names(Idna::idna2008),
      eligible(open_list(config, log)),
      queue_manager(sim.loop, sim.files, config, log),
      name_watch(sim.disk, sim.dice),
      spool{sim.loop,      sim.pool, sim.pool,
            sim.files,     layout,   config,
            queue_manager, log,      {.watch = &name_watch}},
      service(spool, *eligible, names),
      server(sim.loop, service, config, log, surroundings(sim, adjust)) {
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
  std::string said = sim.exchange("public/flush", request_bytes(request));
  sim.settle();
  EXPECT_TRUE(said.starts_with(announcement)) << said;
  return said.substr(std::min(said.size(), announcement.size()));
}

Status DaemonInSim::ask(const FlushRequest& wanted) {
  const ReplyStep step = decode_reply(request(wanted));
  EXPECT_EQ(step.kind, ReplyStep::Kind::complete);
  return step.status;
}

std::string request_bytes(const FlushRequest& request) {
  std::string bytes;
  append_request(bytes, request);
  return bytes;
}

Caller::Caller(Sim& sim, const FlushRequest& request) : client_(sim) {
  client_.send(request_bytes(request));
}

std::optional<Status> Caller::answer() const {
  std::string_view said = client_.received();
  if (!said.starts_with(announcement)) return std::nullopt;
  said.remove_prefix(announcement.size());
  const ReplyStep step = decode_reply(said);
  if (step.kind != ReplyStep::Kind::complete) return std::nullopt;
  return step.status;
}

std::string numbered(std::string_view text, std::size_t number) {
  return std::string(text).append(std::to_string(number));
}

bool has_line(std::string_view text, std::string_view line) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return false;
    if (text.substr(begin, end - begin) == line) return true;
    begin = end + 1;
  }
  return false;
}

bool log_has(const SimFiles& files, std::string_view path, std::string_view queue_id) {
  return files.exists(path) && has_line(files.read(path), queue_id);
}

}  // namespace uflush
