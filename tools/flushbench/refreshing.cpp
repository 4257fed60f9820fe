#include "tools/flushbench/refreshing.hpp"

#include "tests/support/failure.hpp"
#include "tools/flushbench/sending.hpp"
#include "tools/flushbench/usage_meter.hpp"

namespace uflush::bench {
namespace {

constexpr support::milliseconds refresh_limit = std::chrono::minutes(10);

}  // namespace

Measurement Refreshing::measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const {
  if (due_ == Due::none) spool.prepare_fresh_logfiles(logfiles_);
  if (due_ == Due::all) spool.prepare_due_logfiles(logfiles_);
  const std::uint64_t lines = spool.logfile_lines();
  const ServerUnderTest server(spool.spool(), kind, "floor_refresh");
  warm_up_for_sends(server, kind);
  support::FlushClient client = server.connect();
  if (client.read_announcement() != support::announcement_bytes) support::fail("unexpected announcement");
  const UsageMeter meter(server, pass);
  client.send(support::refresh_request());
  const support::Reply reply = client.read_to_end(refresh_limit);
  Measurement result = meter.finish(logfiles_);
  if (reply.status() != support::status_ok || reply.ending != support::Ending::eof)
    support::fail(kind.name + " does not refresh\n" + spool.log_text());
  if (due_ == Due::all) check_moved(spool, kind, logfiles_);
  if (spool.logfile_lines() != (due_ == Due::all ? 0 : lines))
    support::fail(kind.name + " leaves other lines in the logfiles than it should");
  return result;
}

}  // namespace uflush::bench
