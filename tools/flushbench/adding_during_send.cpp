#include "tools/flushbench/adding_during_send.hpp"

#include <thread>

#include "tests/support/failure.hpp"
#include "tools/flushbench/adding.hpp"
#include "tools/flushbench/sending.hpp"
#include "tools/flushbench/usage_meter.hpp"

namespace uflush::bench {
namespace {

constexpr support::milliseconds send_limit = std::chrono::minutes(10);

double milliseconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count() * 1e3;
}

/// A send_site in a thread of its own; `over` tells when it has been answered.
class SendUnderWay {
 public:
  explicit SendUnderWay(const ServerUnderTest& server) : client_(server.connect()) {
    client_.read_announcement();
    began_ = Clock::now();
    client_.send(support::send_site_request(BenchSpool::backlog_site));
    thread_ = std::thread([this] {
      ok_ = client_.read_reply_and_finish(send_limit).status() == support::status_ok;
      ended_ = Clock::now();
      over = true;
    });
  }
  SendUnderWay(const SendUnderWay&) = delete;
  SendUnderWay& operator=(const SendUnderWay&) = delete;
  ~SendUnderWay() { wait(); }

  /// True when the answer was OK.
  bool wait() {
    if (thread_.joinable()) thread_.join();
    return ok_;
  }
  [[nodiscard]] Clock::time_point began() const { return began_; }
  [[nodiscard]] Clock::time_point ended() const { return ended_; }

  std::atomic<bool> over = false;

 private:
  support::FlushClient client_;
  Clock::time_point began_, ended_;
  bool ok_ = false;
  std::thread thread_;
};

}  // namespace

std::string AddingDuringSend::description() const {
  return std::to_string(clients_) + (clients_ == 1 ? " client" : " clients") + ", " +
         (site_ == Site::same ? "same site" : "another site") + ", send_site of " +
         std::to_string(messages_) + " messages";
}

std::vector<Step> AddingDuringSend::steps() const {
  return {{"clients", static_cast<double>(clients_), site_ == Site::same ? "same site" : "another site"}};
}

Measurement AddingDuringSend::measure(BenchSpool& spool, const ServerKind& kind, Pass pass) const {
  spool.defer_messages(messages_);
  const ServerUnderTest server(spool.spool(), kind, "floor_add");
  const auto adding_to = [&](const std::string& site) {
    return make_load_generator(server.socket_path(), {.clients = clients_, .only_site = site});
  };
  const LoadResult warm = adding_to("before.example")->run({.requests = 10 * clients_});
  const auto clients = adding_to(site_ == Site::same ? BenchSpool::backlog_site : "another.example");
  spool.queue_manager().take_triggers();
  const UsageMeter meter(server, pass);
  SendUnderWay send(server);
  if (!spool.queue_manager().first_arrival('F')) support::fail(kind.name + " does not begin to send");
  const LoadResult load = clients->run({.duration = send_limit, .stop = &send.over});
  if (!send.wait()) support::fail(kind.name + " failed to send\n" + spool.log_text());
  Measurement result = meter.finish(load.requests);
  take_over(load, result);
  check_moved(spool, kind, messages_);
  // Lines for the same site: those that came before the log was read are sent, too; and what has been sent
  // stays when more than that has come in meanwhile. So there is no telling how many must be left.
  check_taken(spool, kind, load);
  if (site_ == Site::other) check_adds(spool, kind, warm, load);
  result.figures = {{"send", "ms", milliseconds_between(send.began(), send.ended())}};
  if (const auto scan = spool.queue_manager().first_arrival('I'))
    result.figures.push_back({"first scan trigger", "ms", milliseconds_between(send.began(), *scan)});
  return result;
}

}  // namespace uflush::bench
