#include "tools/flushbench/sending.hpp"

#include "tests/support/failure.hpp"

namespace uflush::bench {
namespace {

constexpr support::milliseconds send_limit = std::chrono::minutes(10);

void expect_ok(const ServerUnderTest& server, const ServerKind& kind, const std::string& request) {
  const support::Reply reply = support::FlushClient(server.socket_path()).ask(request, send_limit);
  if (reply.status() != support::status_ok) support::fail(kind.name + " does not answer with OK");
}

}  // namespace

Measurement Sending::measure(BenchSpool& spool, const ServerKind& kind) const {
  spool.remove_logfiles();
  spool.defer_messages(messages_);
  const ServerUnderTest server(spool.spool(), kind);
  expect_ok(server, kind,
            support::send_site_request("empty.example"));  // it is up, and its code is in memory
  const double cpu_before = server.cpu_seconds();
  const double client_cpu_before = thread_cpu_seconds();
  const Clock::time_point began = Clock::now();
  expect_ok(server, kind, support::send_site_request(BenchSpool::send_site_name));
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  const double client_cpu = thread_cpu_seconds() - client_cpu_before;
  const double cpu = server.cpu_seconds() - cpu_before;
  if (const std::size_t moved = spool.incoming_messages(); moved != messages_)
    support::fail(kind.name + " moved " + std::to_string(moved) + " of " + std::to_string(messages_) +
                  " messages\n" + spool.log_text());
  const auto messages = static_cast<double>(messages_);
  const double us = seconds * 1e6;
  return {messages / seconds,
          cpu * 1e6 / messages,
          client_cpu * 1e6 / messages,
          {us, us, us, us},
          server.processes()};
}

}  // namespace uflush::bench
