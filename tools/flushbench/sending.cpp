#include "tools/flushbench/sending.hpp"

#include <unistd.h>

#include "tests/support/failure.hpp"
#include "tools/flushbench/adding.hpp"
#include "tools/flushbench/usage_meter.hpp"

namespace uflush::bench {
namespace {

constexpr support::milliseconds send_limit = std::chrono::minutes(10);

}  // namespace

void expect_ok(const ServerUnderTest& server, const ServerKind& kind, const std::string& request) {
  const support::Reply reply = server.connect().ask(request, send_limit);
  if (reply.status() != support::status_ok) support::fail(kind.name + " does not answer with OK");
}

void warm_up_for_sends(const ServerUnderTest& server, const ServerKind& kind) {
  expect_ok(server, kind, support::send_site_request("empty.example"));
}

void check_moved(const BenchSpool& spool, const ServerKind& kind, std::size_t messages) {
  if (const std::size_t moved = spool.incoming_messages(); moved != messages)
    support::fail(kind.name + " moved " + std::to_string(moved) + " of " + std::to_string(messages) +
                  " messages\n" + spool.log_text());
}

std::optional<std::string> Sending::obstacle() const {
  if (caches_ == Caches::warm || ::access("/proc/sys/vm/drop_caches", W_OK) == 0) return std::nullopt;
  return "the caches cannot be emptied here";
}

Measurement Sending::measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const {
  spool.defer_messages(messages_);
  const ServerUnderTest server(spool.spool(), kind, "floor_send");
  warm_up_for_sends(server, kind);
  spool.queue_manager().take_triggers();
  if (caches_ == Caches::cold && !BenchSpool::drop_caches())
    support::fail("the caches cannot be emptied here");
  const UsageMeter meter(server, pass);
  const Clock::time_point began = Clock::now();
  expect_ok(server, kind, support::send_site_request(BenchSpool::backlog_site));
  Measurement result = meter.finish(messages_);
  check_moved(spool, kind, messages_);
  const auto scan = spool.queue_manager().first_arrival('I');
  if (!scan) support::fail(kind.name + " did not wake up the queue manager");
  result.figures = {{"first scan trigger", "ms", std::chrono::duration<double>(*scan - began).count() * 1e3}};
  return result;
}

Measurement SendingFiles::measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const {
  spool.defer_messages(messages_);
  const ServerUnderTest server(spool.spool(), kind, "floor_send");
  warm_up_for_sends(server, kind);
  const auto client =
      make_load_generator(server.socket_path(), {.clients = 1, .request = RequestKind::send_file});
  const UsageMeter meter(server, pass);
  const LoadResult load = client->run({.requests = messages_});
  Measurement result = meter.finish(load.requests);
  take_over(load, result);
  if (load.refused > 0) support::fail(kind.name + " refused a send_file\n" + spool.log_text());
  check_moved(spool, kind, messages_);
  return result;
}

}  // namespace uflush::bench
