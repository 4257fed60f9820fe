#include "bench/eligibility.hpp"

#include "io/read_file.hpp"

namespace uflush::bench {

std::unique_ptr<EligibleSites> open_sites(const std::string& fast_flush_domains, NoLog& log) {
  EligibilityConfig config;
  config.fast_flush_domains = fast_flush_domains;
  config.parent_domain_matches_subdomains = "fast_flush_domains";
  return EligibleSites::open(config, read_file, log.log());
}

void test_site(benchmark::State& state, const std::string& fast_flush_domains, std::string_view site,
               Eligibility expected) {
  NoLog log;
  const auto sites = open_sites(fast_flush_domains, log);
  if (!sites || sites->test(site, log.log()) != expected) {
    state.SkipWithError("the list does not answer as it should");
    return;
  }
  for ([[maybe_unused]] auto round : state) benchmark::DoNotOptimize(sites->test(site, log.log()));
}

}  // namespace uflush::bench
