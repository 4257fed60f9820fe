#include "tests/differential/configuration.hpp"

namespace uflush::differential {
namespace {

support::Parameters domains(const std::string& value) {
  return {{"fast_flush_domains", value}};
}

support::Parameters domains_without_parents(const std::string& value) {
  return {{"fast_flush_domains", value}, {"parent_domain_matches_subdomains", ""}};
}

constexpr const char* table_text =
    "# sites\n"
    "example.com  one\n"
    "one.example  two\n"
    "\n"
    "bücher.example  three\n"
    "UPPER.example  four\n"
    ".two.example\n"
    "  continued\n";

std::vector<Configuration> eligibility_configurations() {
  return {
      {.name = "literals-with-parents", .main_cf = domains("example.com, one.example example.biz de")},
      {.name = "negations",
       .main_cf = domains("!secret.one.example, !!example.com !sub.example.com one.example")},
      {.name = "dots-without-parents",
       .main_cf = domains_without_parents(".two.example, example.com, .example.com, bücher.example")},
      {.name = "dots-with-parents", .main_cf = domains(".two.example, .example.com, one.example")},
      {.name = "pattern-file",
       .main_cf = domains("!$config_directory/not, $config_directory/sites"),
       .files = {{"sites", "example.com\n# comment\none.example, two.example\n  bücher.example\n"},
                 {"not", "secret.one.example\n"}}},
      {.name = "missing-pattern-file", .main_cf = domains("example.com, $config_directory/none")},
      {.name = "inline", .main_cf = domains("inline:{example.com=x, {two.example = y}, faß.de=z}")},
      {.name = "texthash",
       .main_cf = domains("texthash:$config_directory/sites"),
       .files = {{"sites", table_text}}},
      {.name = "texthash-without-parents",
       .main_cf = domains_without_parents("texthash:$config_directory/sites"),
       .files = {{"sites", table_text}}},
      {.name = "hash",
       .main_cf = domains("hash:$config_directory/sites"),
       .files = {{"sites", "example.com  one\none.example  two\nmail.example.biz  x\n"}},
       .compiled = {{"hash", "sites"}}},
      {.name = "btree-behind-literals",
       .main_cf = domains("one.example, !btree:$config_directory/sites, static:all"),
       .files = {{"sites", "example.com  one\nsecret.one.example two\n"}},
       .compiled = {{"btree", "sites"}}},
      {.name = "regexp",
       .main_cf = domains("regexp:$config_directory/sites"),
       .files = {{"sites", "/^(.*\\.)?example\\.com$/  one\n!/[a-m]/  two\n/one/i  three\n"}}},
      {.name = "lmdb-and-cdb",
       .main_cf = domains("!lmdb:$config_directory/not, cdb:$config_directory/sites"),
       .files = {{"sites", table_text}, {"not", "secret.one.example x\n"}},
       .compiled = {{"lmdb", "not"}, {"cdb", "sites"}}},
      {.name = "pcre",
       .main_cf = domains("pcre:$config_directory/sites"),
       .files = {{"sites", "if /example/\n/^(?:a|sub)\\.(.+)$/  $1\n!/^[a-z.]+$/x  x\nendif\n/\\d/ x\n"}}},
      {.name = "cidr", .main_cf = domains("cidr:{{1.2.0.0/16 x}}, !one.example, static:all")},
      {.name = "unions",
       .main_cf = domains("!unionmap:{inline:{secret.one.example=x}, internal:x}, environ:x, "
                          "unionmap:{texthash:$config_directory/sites, fail:x}"),
       .files = {{"sites", table_text}}},
      {.name = "proxied-hash",
       .main_cf = {{"fast_flush_domains", "example.com, proxy:hash:$config_directory/sites"},
                   {"proxy_read_maps", "proxy:hash:$config_directory/sites"}},
       .files = {{"sites", "one.example  two\nmail.example.biz  x\n"}},
       .compiled = {{"hash", "sites"}},
       .proxymap = true},
      {.name = "sqlite",
       .main_cf = {{"fast_flush_domains", "!two.example, sqlite:$config_directory/sites.cf"},
                   {"proxy_read_maps", "proxy:sqlite:$config_directory/sites.cf"}},
       .files = {{"sites.cf",
                  "dbpath = @config/sites.db\nquery = SELECT name FROM sites WHERE name = '%s'\n"}},
       .sql = "create table sites(name text); insert into sites values('example.com'), ('a.one.example')",
       .proxymap = true},
      {.name = "failing-tables", .main_cf = domains("example.com, nosuch:type, hash:$config_directory/none")},
      {.name = "fail-table", .main_cf = domains("one.example, fail:always, example.com # comment")},
      {.name = "relay-domains",
       .main_cf = {{"fast_flush_domains", "$relay_domains"},
                   {"relay_domains", "$mydestination, one.example"}}},
      {.name = "nothing-eligible", .main_cf = domains("")},
  };
}

std::vector<Configuration> spool_configurations() {
  return {
      {.name = "everything-eligible"},
      {.name = "nothing-hashed", .hash_queue_names = "none"},
      {.name = "all-hashed", .hash_queue_names = "deferred, incoming, flush"},
      {.name = "all-hashed-depth-2", .hash_queue_names = "DEFERRED incoming flush", .hash_queue_depth = 2},
      {.name = "all-hashed-depth-3", .hash_queue_names = "flush,deferred,incoming", .hash_queue_depth = 3},
      {.name = "only-flush-hashed", .hash_queue_names = "flush", .hash_queue_depth = 1},
      {.name = "no-smtputf8",
       .main_cf = {{"smtputf8_enable", "no"}, {"fast_flush_domains", "!faß.de static:all"}}},
      {.name = "idna2003", .main_cf = {{"enable_idna2003_compatibility", "yes"}}},
      {.name = "short-timeout", .main_cf = {{"ipc_timeout", "1s"}}, .clients_fall_silent = true},
      {.name = "chroot", .chroot = true},
      {.name = "other-service", .main_cf = {{"syslog_name", "postfix/$service_name"}}, .service = "flash"},
      {.name = "qmgr-fifo", .queue_manager = QueueManagerKind::fifo},
      {.name = "qmgr-missing", .queue_manager = QueueManagerKind::missing},
      {.name = "qmgr-plain-file", .queue_manager = QueueManagerKind::plain_file},
      {.name = "short-ages", .main_cf = {{"fast_flush_refresh_time", "5s"}, {"fast_flush_purge_time", "1h"}}},
      {.name = "syslog", .main_cf = {{"maillog_file", ""}, {"syslog_facility", "local3"}}, .syslog = true},
      {.name = "command-line",
       .main_cf = {{"fast_flush_domains", "one.example"}, {"hash_queue_depth", "9"}},
       .arguments = {"-o", "fast_flush_domains=example.com, $own", "-o", "own = two.example", "-o",
                     "syslog_name=$multi_instance_name/x", "-o", "multi_instance_name=pf", "-o",
                     "hash_queue_depth=2", "-o", "parent_domain_matches_subdomains="},
       .hash_queue_names = "flush deferred",
       .hash_queue_depth = 2},
      {.name = "level-1",
       .main_cf = {{"compatibility_level", "1"},
                   {"fast_flush_domains", "${{$compatibility_level} >=level {1} ? {$relay_domains}}"},
                   {"mydestination", "example.com, two.example"}}},
      {.name = "level-2",
       .main_cf = {{"compatibility_level", "2"},
                   {"mydestination", "example.com, two.example"},
                   {"relay_domains", "${undefined?{x}:{one.example,}} $mydestination"},
                   {"fast_flush_domains", "$relay_domains"}}},
      {.name = "hashed-flush-without-deferred", .hash_queue_names = "incoming, FLUSH", .hash_queue_depth = 2},
      {.name = "old-defaults",
       .main_cf = {{"compatibility_level", "0"},
                   {"fast_flush_domains", "$relay_domains"},
                   {"mydestination", "example.com, one.example"}}},
  };
}

}  // namespace

support::Parameters Configuration::parameters() const {
  support::Parameters all = main_cf;
  all.emplace_back("hash_queue_names", hash_queue_names);
  all.emplace_back("hash_queue_depth", std::to_string(hash_queue_depth));
  return all;
}

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> all = [] {
    std::vector<Configuration> both = eligibility_configurations();
    for (Configuration& one : spool_configurations()) both.push_back(std::move(one));
    return both;
  }();
  return all;
}

}  // namespace uflush::differential
