/// Every parameter that flush(8) uses: what it accepts, what it refuses and in which words, in main.cf and on
/// the command line (BEHAVIOUR.md 6.3 to 6.5).
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compat/starts.hpp"

namespace uflush::support {
namespace {

using ::testing::IsEmpty;

struct Setting {
  std::string name;
  std::string value;
  std::string log = {};  ///< why it is refused
};

const std::vector<std::string> numbers = {"max_use", "hash_queue_depth"};
const std::vector<std::string> times = {"max_idle",
                                        "ipc_timeout",
                                        "ipc_idle",
                                        "ipc_ttl",
                                        "trigger_timeout",
                                        "daemon_timeout",
                                        "fast_flush_refresh_time",
                                        "fast_flush_purge_time"};
const std::vector<std::string> switches = {"daemon_table_open_error_is_fatal", "smtputf8_enable",
                                           "enable_idna2003_compatibility"};
const std::vector<std::string> never_empty = {
    "maillog_file_prefixes", "postlog_service_name", "myhostname",           "mydomain",
    "syslog_name",           "mail_owner",           "hash_queue_names",     "queue_directory",
    "queue_service_name",    "flush_service_name",   "proxymap_service_name"};

std::vector<Setting> bad_settings() {
  std::vector<Setting> bad;
  for (const std::string& name : numbers) {
    for (const char* value : {"deep", "", "1x", "99999999999"})
      bad.push_back({name, value, "fatal: bad numerical configuration: " + name + " = " + value});
    for (const char* value : {"0", "-3"})
      bad.push_back({name, value, "fatal: invalid " + name + " parameter value " + value + " < 1"});
  }
  for (const std::string& name : times) {
    for (const char* value : {"", "x", "5x", "1H", "-1", "1 h", "3550w", "99999999999"})
      bad.push_back({name, value, "fatal: parameter " + name + ": bad time value or unit: " + value});
    bad.push_back({name, "0", "fatal: invalid " + name + ": 0 (min 1)"});
  }
  for (const std::string& name : switches) {
    for (const char* value : {"maybe", "", "1"})
      bad.push_back({name, value, "fatal: bad boolean configuration: " + name + " = " + value});
  }
  for (const std::string& name : never_empty)
    bad.push_back({name, "", "fatal: bad string length 0 < 1: " + name + " = "});
  for (const char* value : {"x", "1.", "1.1024", "1.2.3.4", "-1", ""})
    bad.push_back({"compatibility_level", value,
                   std::string("fatal: malformed compatibility level syntax: \"") + value + "\""});
  for (const char* value : {"foo", "MAIL", "local8"})
    bad.push_back(
        {"syslog_facility", value,
         std::string("fatal: file @config/main.cf: parameter syslog_facility: unrecognized value: ") +
             value});
  const std::string bad_host = "fatal: file @config/main.cf: parameter ";
  for (const std::string name : {"myhostname", "mydomain"}) {
    for (const char* value : {"a..b", "-a.b", "1.2.3", "a b"})
      bad.push_back({name, value, bad_host + name + ": bad parameter value: " + value});
  }
  const std::string bad_owner = "fatal: file @config/main.cf: parameter mail_owner: ";
  bad.push_back({"mail_owner", "nobody-knows", bad_owner + "unknown user name value: nobody-knows"});
  bad.push_back({"mail_owner", "root", bad_owner + "user root has privileged user ID"});
  bad.push_back(
      {"maillog_file", "/nowhere/log",
       "fatal: maillog_file value '/nowhere/log' does not match any prefix in maillog_file_prefixes"});
  return bad;
}

std::string title_of(const Setting& setting) {
  return setting.name + " = " + setting.value;
}

TEST(Parameters, AreRefusedInTheReferencesWords) {
  std::vector<Start> starts;
  for (const Setting& setting : bad_settings())
    starts.push_back({title_of(setting), setting.log, usual_arguments, {{setting.name, setting.value}}});
  expect_fatal(starts);
}

TEST(Parameters, AreRefusedOnTheCommandLineInTheSameWords) {
  std::vector<Start> starts;
  for (const Setting& setting : bad_settings()) {
    Arguments arguments = usual_arguments;
    arguments.insert(arguments.end(), {"-o", setting.name + "=" + setting.value});
    starts.push_back({title_of(setting), setting.log, arguments});
  }
  expect_fatal(starts);
}

/// The daemon serves, and has nothing to say.
void expect_service(const Parameters& main_cf, const Arguments& arguments) {
  const Spool spool{main_cf};
  LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool, {.arguments = arguments}};
  master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
  EXPECT_THAT(log.texts(), IsEmpty());
}

std::vector<Setting> good_settings() {
  std::vector<Setting> good;
  for (const std::string& name : numbers)
    for (const char* value : {"1", " +7", "2147483647"}) good.push_back({name, value});
  for (const std::string& name : times)
    for (const char* value : {"7", "3s", "2m", "1h30m", "5sx", "1d", "3549w", "+9"})
      good.push_back({name, value});
  for (const std::string& name : switches)
    for (const char* value : {"yes", "NO"}) good.push_back({name, value});
  for (const char* value : {"0", "2", "3.6", "1.1023.1023", "9999"})
    good.push_back({"compatibility_level", value});
  for (const char* value : {"auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news",
                            "syslog", "user", "uucp", "local0", "local7"})
    good.push_back({"syslog_facility", value});
  return good;
}

TEST(Parameters, MayHaveEveryValueThatTheReferenceTakes) {
  for (const Setting& setting : good_settings()) {
    SCOPED_TRACE(title_of(setting));
    if (setting.name == "hash_queue_depth" && setting.value.size() > 3) continue;  // directories without end
    expect_service({{setting.name, setting.value}}, {});
  }
}

/// For programs of Postfix that share main.cf with flush.
std::vector<Setting> settings_of_others() {
  return {{"inet_interfaces", "loopback-only"}, {"inet_protocols", "ipv4"},
          {"mynetworks_style", "host"},         {"in_flow_delay", "10"},
          {"line_length_limit", "512"},         {"default_privs", "nobody"},
          {"setgid_group", "postdrop"},         {"myorigin", "example.org"},
          {"virtual_alias_maps", "hash:x"},     {"relayhost", "[192.0.2.1]:587"},
          {"default_verp_delimiters", "+="},    {"who_knows", "$nobody"}};
}

TEST(Parameters, OfOthersMayHaveEveryValueThatTheReferenceTakes) {
  for (const Setting& setting : settings_of_others()) {
    SCOPED_TRACE(title_of(setting));
    expect_service({{setting.name, setting.value}}, {});
  }
}

// They are no business of a program that does not use them.
TEST(Parameters, OfOthersAreNotLookedAtUnlikeInTheReference) {
  const std::vector<Setting> settings = {{"inet_protocols", "ipv9"},       {"mynetworks_style", "neighbours"},
                                         {"in_flow_delay", "11"},          {"line_length_limit", "511"},
                                         {"setgid_group", "nobody-knows"}, {"default_privs", "root"},
                                         {"myorigin", "two words"}};
  for (const Setting& setting : settings) {
    SCOPED_TRACE(title_of(setting));
    if (!testing_the_stock_daemon()) {
      expect_service({{setting.name, setting.value}}, {});
      continue;
    }
    const Attempt attempt({setting.name, "", usual_arguments, {{setting.name, setting.value}}});
    EXPECT_TRUE(attempt.log.wait_for("fatal: "));
  }
}

// ---- What they mean.

struct Aging {
  const char* title;
  const char* refresh_time;
  std::time_t old_s;    ///< sent at a refresh
  std::time_t young_s;  ///< not yet
};

constexpr std::time_t minute_s = 60;
constexpr std::time_t hour_s = 60 * minute_s;
constexpr std::time_t day_s = 24 * hour_s;

TEST(Parameters, HaveUnitsOfTimeAndADefaultUnit) {
  const std::vector<Aging> agings = {
      {"hours by default", "2", 2 * hour_s + minute_s, 2 * hour_s - minute_s},
      {"seconds", "90s", 2 * minute_s, minute_s},
      {"minutes", "30m", 31 * minute_s, 29 * minute_s},
      {"hours; what follows is lost", "1h30m", hour_s + minute_s, hour_s - minute_s},
      {"days", "3d", 3 * day_s + minute_s, 3 * day_s - minute_s},
      {"weeks", "1w", 7 * day_s + minute_s, 7 * day_s - minute_s},
  };
  for (const Aging& aging : agings) {
    SCOPED_TRACE(aging.title);
    const Spool spool{{{"fast_flush_refresh_time", aging.refresh_time}, {"fast_flush_purge_time", "2"}}};
    const QueueDirectory& queue = spool.queue();
    LogSocket log{queue.path("public/postlog")};
    queue.write_logfile("old_example", "AAA1\n", aging.old_s);
    queue.write_logfile("young_example", "AAA1\n", aging.young_s);
    queue.write_logfile("gone_example", "", 2 * day_s + minute_s);
    queue.write_logfile("stays_example", "", 2 * day_s - minute_s);
    MasterStandIn master{spool};
    master.spawn();
    EXPECT_EQ(master.connect().ask(refresh_request()).status(), status_ok);
    EXPECT_EQ(queue.logfile("old_example"), "");
    EXPECT_EQ(queue.logfile("young_example"), "AAA1\n");
    EXPECT_THAT(queue.log_names(), ::testing::ElementsAre("old_example", "stays_example", "young_example"));
  }
}

struct Level {
  const char* level;
  long long mydestination;  ///< what becomes of a site in mydestination: it is in relay_domains
  long long umlaut;         ///< of a site with a capital umlaut: smtputf8_enable
};

TEST(Parameters, HaveDefaultsThatDependOnTheCompatibilityLevel) {
  const std::vector<Level> levels = {{"0", status_ok, status_deny}, {"0.9", status_ok, status_deny},
                                     {"1", status_ok, status_ok},   {"1.1023", status_ok, status_ok},
                                     {"2", status_deny, status_ok}, {"3.6", status_deny, status_ok}};
  for (const bool in_main_cf : {true, false}) {
    for (const Level& level : levels) {
      SCOPED_TRACE(level.level);
      const Spool spool{{{"compatibility_level", in_main_cf ? level.level : "3.6"},
                         {"mydestination", "here.example"},
                         {"fast_flush_domains",
                          "$relay_domains, b\xc3\xbc"
                          "cher.example"}}};
      LogSocket log{spool.queue().path("public/postlog")};
      const Arguments arguments = {"-o", std::string("compatibility_level = ") + level.level};
      MasterStandIn master{spool, {.arguments = in_main_cf ? Arguments{} : arguments}};
      master.spawn();
      EXPECT_EQ(master.connect().ask(add_request("here.example", "ABC")).status(), level.mydestination);
      EXPECT_EQ(master.connect()
                    .ask(add_request("B\xc3\x9c"
                                     "CHER.example",
                                     "ABC"))
                    .status(),
                level.umlaut);
    }
  }
}

// ---- The command line goes before main.cf.

TEST(Parameters, OfTheCommandLineGoBeforeThoseOfMainCf) {
  const Spool spool{{{"fast_flush_domains", "main.example"},
                     {"parent_domain_matches_subdomains", ""},
                     {"hash_queue_names", "deferred"},
                     {"hash_queue_depth", "1"},
                     {"syslog_name", "main"},
                     {"queue_service_name", "qmgr"}}};
  const QueueDirectory& queue = spool.queue();
  LogSocket log{queue.path("public/postlog")};
  MasterStandIn master{
      spool,
      {.arguments = {"-o", "fast_flush_domains = $relay_domains", "-o", "relay_domains=line.example", "-o",
                     "parent_domain_matches_subdomains=fast_flush_domains", "-o", "hash_queue_names=flush",
                     "-o", "hash_queue_depth=3", "-o", "syslog_name=line/$service_name", "-o",
                     "queue_service_name=elsewhere", "-o", "myhostname=other.example", "-o",
                     "fast_flush_refresh_time=10m"}}};
  master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("main.example", "ABC")).status(), status_deny);
  EXPECT_EQ(master.connect().ask(add_request("a.line.example", "ABC")).status(), status_ok);
  EXPECT_EQ(queue.logfile("a/_/l/a_line_example"), "ABC\n");
  EXPECT_EQ(master.connect().ask(send_site_request("a.line.example")).status(), status_ok);
  ASSERT_TRUE(log.wait_for("unable to look up public/elsewhere: No such file or directory"));
  EXPECT_THAT(log.records().back(), ::testing::HasSubstr(" other line/flush/" + tested_daemon_name() + "["));
}

}  // namespace
}  // namespace uflush::support
