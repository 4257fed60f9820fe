/// Eligibility as the service asks for it, for benchmarks of lists and of tables.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "core/eligible_sites.hpp"

namespace uflush::bench {

/// Takes records and forgets them.
class NoLog {
 public:
  [[nodiscard]] Log& log() noexcept { return log_; }

 private:
  class Sink final : public LogSink {
   public:
    void write(Severity, std::string_view) override {}
  };

  Sink sink_;
  Log log_{sink_};
};

/// Null when the list is wrong.
[[nodiscard]] std::unique_ptr<EligibleSites> open_sites(const std::string& fast_flush_domains, NoLog& log);

/// Asks the list for one site, over and over. An error unless the answer is `expected`.
void test_site(benchmark::State& state, const std::string& fast_flush_domains, std::string_view site,
               Eligibility expected);

}  // namespace uflush::bench
