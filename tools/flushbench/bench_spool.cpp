#include "tools/flushbench/bench_spool.hpp"

#include <cstdio>
#include <filesystem>

#include "tests/support/failure.hpp"
#include "tools/flushbench/add_requests.hpp"

namespace uflush::bench {

namespace fs = std::filesystem;

// The stock daemon ends after max_use clients and would spend its time starting; a big relay raises it.
// (uflush ignores max_use in main.cf.)
BenchSpool::BenchSpool(const std::string& parent)
    : spool_(support::Parameters{{"max_use", "1000000000"}}, parent),
      log_(spool_.queue().path("public/postlog")),
      queue_manager_(spool_.queue().path("public/qmgr")) {}

void BenchSpool::remove_logfiles() const {
  for (const auto& entry : fs::directory_iterator(spool_.queue().path("flush"))) fs::remove(entry.path());
}

std::uint64_t BenchSpool::logfile_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(spool_.queue().path("flush"))) bytes += entry.file_size();
  return bytes;
}

std::string BenchSpool::incoming_path(const std::string& id) const {
  return spool_.queue().path("incoming/" + id);
}

void BenchSpool::defer_messages(std::size_t count) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string id = queue_id(i);
    lines += id + "\n";
    if (i >= messages_) {
      spool_.queue().add_deferred(id);
      continue;
    }
    const std::string deferred = spool_.queue().path("deferred/" + id.substr(0, 1) + "/" + id);
    if (std::rename(incoming_path(id).c_str(), deferred.c_str()) != 0)
      support::fail_errno("move back " + deferred);
  }
  messages_ = count;
  spool_.queue().write_logfile("backlog_example", lines);
}

std::size_t BenchSpool::incoming_messages() const {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(spool_.queue().path("incoming"))) ++count;
  return count;
}

std::string BenchSpool::log_text() const {
  std::string text;
  for (const std::string& record : log_.texts()) text += record + "\n";
  return text;
}

}  // namespace uflush::bench
