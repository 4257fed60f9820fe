// From a site to its logfile: plain names, and those that ICU must look at.
#include <string>

#include <benchmark/benchmark.h>

#include "core/site_name.hpp"
#include "protocol/queue_path.hpp"

namespace uflush {
namespace {

constexpr std::string_view utf8_site =
    "b\xc3\xbc"
    "cher.example";

void map_plain_site(benchmark::State& state) {
  SiteNames names(Idna::idna2008);
  for ([[maybe_unused]] auto round : state)
    benchmark::DoNotOptimize(names.map("mail.customer-17.Example.com").logfile.data());
}
BENCHMARK(map_plain_site);

void path_of_plain_site(benchmark::State& state) {
  SiteNames names(Idna::idna2008);
  const QueueLayout layout("deferred, defer, flush", 2);
  std::string path;
  for ([[maybe_unused]] auto round : state) {
    path.clear();
    layout.append_path(path, "flush", names.map("mail.customer-17.Example.com").logfile);
    benchmark::DoNotOptimize(path.data());
  }
}
BENCHMARK(path_of_plain_site);

void map_utf8_site(benchmark::State& state) {
  for ([[maybe_unused]] auto round : state) {
    SiteNames names(Idna::idna2008);  // nothing remembered
    benchmark::DoNotOptimize(names.map(utf8_site).logfile.data());
  }
}
BENCHMARK(map_utf8_site);

void map_utf8_site_again(benchmark::State& state) {
  SiteNames names(Idna::idna2008);
  for ([[maybe_unused]] auto round : state) benchmark::DoNotOptimize(names.map(utf8_site).logfile.data());
}
BENCHMARK(map_utf8_site_again);

}  // namespace
}  // namespace uflush
