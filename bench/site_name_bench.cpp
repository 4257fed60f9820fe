// From a site to the name of its logfile: plain names, and those that ICU must look at.
#include <benchmark/benchmark.h>

#include "core/site_name.hpp"

namespace uflush {
namespace {

void map_plain_site(benchmark::State& state) {
  SiteNames names(Idna::idna2008);
  for ([[maybe_unused]] auto round : state)
    benchmark::DoNotOptimize(names.map("mail.customer-17.Example.com").logfile.data());
}
BENCHMARK(map_plain_site);

void map_utf8_site(benchmark::State& state) {
  for ([[maybe_unused]] auto round : state) {
    SiteNames names(Idna::idna2008);  // nothing remembered
    benchmark::DoNotOptimize(names
                                 .map("b\xc3\xbc"
                                      "cher.example")
                                 .logfile.data());
  }
}
BENCHMARK(map_utf8_site);

}  // namespace
}  // namespace uflush
