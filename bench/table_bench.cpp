// Eligibility by a table of each kind that is asked within the process. `mail.cust7.example` is asked for as
// it stands and then as `cust7.example`; tables of patterns are asked once, and go over their rules in order.
#include <cstdlib>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "bench/eligibility.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::bench {
namespace {

using EntryText = std::string (*)(std::int64_t number);

std::string key_and_value(std::int64_t number) {
  return fmt::format("cust{}.example\tOK\n", number);
}
std::string pattern(std::int64_t number) {
  return fmt::format("/(^|\\.)cust{}\\.example$/ OK\n", number);
}
std::string network(std::int64_t number) {
  return fmt::format("10.{}.{}.0/24 OK\n", number / 256, number % 256);
}

/// The site of entry `number`, as clients would ask for it.
std::string site_of(std::string_view type, std::int64_t number) {
  return type == "cidr" ? fmt::format("10.{}.{}.25", number / 256, number % 256)
                        : fmt::format("mail.cust{}.example", number);
}

std::string source_text(std::int64_t entries, EntryText entry) {
  std::string text;
  for (std::int64_t i = 0; i < entries; ++i) text += entry(i);
  return text;
}

/// False where postmap(1) is missing or does not know the type.
bool compile(const support::TempDir& directory, const std::string& table) {
  const std::string main_cf = directory.path("main.cf");
  support::write_file(main_cf,
                      "compatibility_level = 3.6\nmyhostname = h.test\ninet_interfaces = 127.0.0.1\n");
  const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};  // else postmap(1) waits until it is
  ::utimensat(AT_FDCWD, main_cf.c_str(), old, 0);
  if (::symlink("/etc/postfix/dynamicmaps.cf", directory.path("dynamicmaps.cf").c_str()) != 0) return false;
  return support::run({"/usr/sbin/postmap", "-c", directory.path(), table}).exit.status == 0;
}

/// A table in a file, asked for the entry in its middle.
void test_file_table(benchmark::State& state, const char* type, EntryText entry, bool compiled) {
  const support::TempDir directory;
  support::write_file(directory.path("table"), source_text(state.range(0), entry));
  const std::string table = fmt::format("{}:{}", type, directory.path("table"));
  if (compiled && !compile(directory, table)) {
    for ([[maybe_unused]] auto round : state) continue;
    state.SetLabel("nothing measured: postmap cannot make such tables here");
    return;
  }
  test_site(state, table, site_of(type, state.range(0) / 2), Eligibility::eligible);
}

#define FILE_TABLE(type, entry, compiled) \
  BENCHMARK_CAPTURE(test_file_table, type, #type, entry, compiled)->Arg(10)->Arg(10'000)
FILE_TABLE(hash, key_and_value, true);
FILE_TABLE(btree, key_and_value, true);
FILE_TABLE(lmdb, key_and_value, true);
FILE_TABLE(cdb, key_and_value, true);
FILE_TABLE(texthash, key_and_value, false);
FILE_TABLE(regexp, pattern, false);
FILE_TABLE(pcre, pattern, false);
FILE_TABLE(cidr, network, false);

void test_inline_table(benchmark::State& state) {
  const auto entry = [](std::int64_t number) { return fmt::format("cust{}.example=OK, ", number); };
  const std::string table = fmt::format("inline:{{{}}}", source_text(state.range(0), entry));
  test_site(state, table, site_of("inline", state.range(0) / 2), Eligibility::eligible);
}
BENCHMARK(test_inline_table)->Arg(10)->Arg(10'000);

/// Tables whose size is given.
void test_other_table(benchmark::State& state, const char* table, const char* site, Eligibility expected) {
  ::setenv("cust7.example", "OK", 1);
  test_site(state, table, site, expected);
}
#define OTHER_TABLE(name, table, site, expected) \
  BENCHMARK_CAPTURE(test_other_table, name, table, site, Eligibility::expected)
OTHER_TABLE(environ, "environ:all", "mail.cust7.example", eligible);
OTHER_TABLE(fail, "fail:always", "mail.cust7.example", failed);
OTHER_TABLE(internal, "internal:nothing", "mail.cust7.example", denied);
OTHER_TABLE(pipemap, "pipemap:{inline:{cust7.example=a}, inline:{a=b}}", "mail.cust7.example", eligible);
OTHER_TABLE(randmap, "randmap:{OK, DUNNO}", "mail.cust7.example", eligible);
OTHER_TABLE(static, "static:OK", "mail.cust7.example", eligible);
OTHER_TABLE(unionmap, "unionmap:{inline:{a=b}, inline:{cust7.example=OK}}", "mail.cust7.example", eligible);
OTHER_TABLE(unix, "unix:passwd.byname", "nobody", eligible);

}  // namespace
}  // namespace uflush::bench
