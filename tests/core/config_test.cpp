#include "core/config.hpp"

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <sys/utsname.h>
#include <syslog.h>

#include "core/nearest_name.hpp"

namespace uflush {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

/// Files by name, without uflush.cf unless it is given.
struct Files {
  std::string main_cf;
  std::optional<std::string> uflush_cf = {};
};

ConfigSource source_of(const Files& files, std::vector<ConfigOverride> overrides = {}) {
  ConfigSource source;
  source.config_directory = "/c";
  source.overrides = std::move(overrides);
  source.process_name = "uflush";
  source.service_name = "flush";
  source.system_hostname = "relay";
  source.process_id = 42;
  source.read_file = [files](const std::string& path) -> Result<std::string> {
    if (path == "/c/main.cf") return files.main_cf;
    if (path == "/c/uflush.cf" && files.uflush_cf) return *files.uflush_cf;
    return Error{ENOENT};
  };
  return source;
}

LoadedConfig load(std::string main_cf, std::vector<ConfigOverride> overrides = {}) {
  return load_config(source_of({std::move(main_cf)}, std::move(overrides)));
}

LoadedConfig load_both(const Files& files, std::vector<ConfigOverride> overrides = {}) {
  return load_config(source_of(files, std::move(overrides)));
}

Config values(std::string main_cf, std::vector<ConfigOverride> overrides = {}) {
  LoadedConfig loaded = load(std::move(main_cf), std::move(overrides));
  EXPECT_TRUE(loaded.config) << loaded.config.error().text;
  return loaded.config ? std::move(loaded.config).value() : Config{};
}

std::string fatal(std::string main_cf) {
  const LoadedConfig loaded = load(std::move(main_cf));
  return loaded.config ? "none" : loaded.config.error().text;
}

TEST(Config, HasTheReferencesDefaults) {
  const Config config = values("");
  EXPECT_EQ(config.compatibility_level, CompatibilityLevel{});
  EXPECT_EQ(config.syslog_name, "postfix");
  EXPECT_EQ(config.syslog_facility_code, LOG_MAIL);
  EXPECT_EQ(config.mydestination, "relay.localdomain, localhost.localdomain, localhost");
  EXPECT_EQ(config.fast_flush_domains, config.mydestination);
  EXPECT_FALSE(config.smtputf8_enable);
  EXPECT_EQ(config.max_use, 100);
  EXPECT_EQ(config.max_use_explicit, std::nullopt);
  EXPECT_EQ(config.fast_flush_refresh_time, hours{12});
  EXPECT_EQ(config.fast_flush_purge_time, hours{7 * 24});
  EXPECT_EQ(config.uflush_durability, Durability::none);
  EXPECT_EQ(config.uflush_backend, RingBackend::automatic);
}

TEST(Config, ReportsTheFilesThatItCameFrom) {
  EXPECT_THAT(load("").files_read, ElementsAre("/c/main.cf", "/c/uflush.cf"));
}

TEST(Config, IsFatalWithoutMainCf) {
  ConfigSource source;
  source.config_directory = "/c";
  source.read_file = [](const std::string&) -> Result<std::string> { return Error{ENOENT}; };
  const LoadedConfig loaded = load_config(source);
  ASSERT_FALSE(loaded.config);
  EXPECT_EQ(loaded.config.error().text, "open /c/main.cf: No such file or directory");
  EXPECT_THAT(loaded.files_read, ElementsAre("/c/main.cf"));
}

TEST(Config, ChangesDefaultsWithTheCompatibilityLevel) {
  EXPECT_TRUE(values("compatibility_level = 1").smtputf8_enable);
  EXPECT_FALSE(values("compatibility_level = 1").relay_domains.empty());
  EXPECT_EQ(values("compatibility_level = 3.6").fast_flush_domains, "");
  EXPECT_EQ(fatal("compatibility_level = x"), "malformed compatibility level syntax: \"x\"");
}

TEST(Config, ShowsDefaultsOnlyToParametersThatComeLater) {
  EXPECT_EQ(values("fast_flush_domains = [$mydomain][$max_use][$mynetworks]").fast_flush_domains,
            "[localdomain][][]");
  EXPECT_EQ(values("hash_queue_depth = 3$max_use").hash_queue_depth, 3100);
  EXPECT_EQ(values("fast_flush_domains = [$max_use]\nmax_use = 5").fast_flush_domains, "[5]");
  EXPECT_EQ(values("relay_domains = $default_database_type:$config_directory/relay").fast_flush_domains,
            "hash:/c/relay");
}

TEST(Config, TellsSetFromUnsetByTheExpandedDefault) {
  EXPECT_EQ(values("compatibility_level = 2\nfast_flush_domains = [${relay_domains?x}]").fast_flush_domains,
            "[]");
}

TEST(Config, CompletesTheHostNameOfTheSystem) {
  EXPECT_EQ(values("").myhostname, "relay.localdomain");
  EXPECT_EQ(values("mydomain = example.org").myhostname, "relay.example.org");
  EXPECT_EQ(values("myhostname = mx.example.com").mydomain, "example.com");
  EXPECT_EQ(values("myhostname = mx").myhostname, "mx");
  EXPECT_EQ(values("myhostname = mx").mydomain, "localdomain");
}

TEST(Config, RefusesAHostNameThatIsNone) {
  const LoadedConfig loaded = load("myhostname = a..b");
  ASSERT_FALSE(loaded.config);
  EXPECT_EQ(loaded.config.error().text, "file /c/main.cf: parameter myhostname: bad parameter value: a..b");
  EXPECT_THAT(loaded.warnings, ElementsAre("valid_hostname: misplaced delimiter: a..b"));
  EXPECT_EQ(fatal("mydomain = 1.2"), "file /c/main.cf: parameter mydomain: bad parameter value: 1.2");
  EXPECT_EQ(fatal("mydomain ="), "bad string length 0 < 1: mydomain = ");
}

TEST(Config, LetsTheLastOverrideWinOverMainCfWithoutAWarning) {
  const std::string main_cf = "max_idle = 5m\n";
  EXPECT_EQ(values(main_cf, {{"max_idle", "1h"}, {"max_idle", "2m"}}).max_idle, minutes{2});
  EXPECT_THAT(load(main_cf, {{"max_idle", "1h"}}).warnings, IsEmpty());
  EXPECT_EQ(values("", {{"compatibility_level", "2"}}).relay_domains, "");
}

TEST(Config, TellsAnExplicitMaxUseFromTheOneInMainCf) {
  EXPECT_EQ(values("max_use = 7").max_use, 7);
  EXPECT_EQ(values("max_use = 7").max_use_explicit, std::nullopt);
  EXPECT_EQ(values("max_use = 7", {{"max_use", "9"}, {"max_use", "8"}}).max_use_explicit, 8);
}

TEST(Config, NamesTheProcessTheServiceAndItsDirectory) {
  const std::string all = "fast_flush_domains = $process_name,$service_name,$config_directory\n";
  EXPECT_EQ(values(all).fast_flush_domains, "uflush,flush,/c");
  EXPECT_EQ(values(all, {{"process_name", "x"}, {"service_name", "y"}}).fast_flush_domains, "x,flush,/c");
  EXPECT_THAT(load("config_directory = /d\nservice_name = y\n").warnings,
              ElementsAre("/c/main.cf, line 1: overriding earlier entry: config_directory=/c"));
}

TEST(Config, KnowsTheProcessIdInTheDebuggerCommandOnly) {
  const Config config = values("debugger_command = gdb $process_id\nfast_flush_domains = [$process_id]\n");
  EXPECT_EQ(config.debugger_command, "gdb 42");
  EXPECT_EQ(config.fast_flush_domains, "[]");
  EXPECT_EQ(values("debugger_command = $").debugger_command, "");
}

TEST(Config, FailsInTheOrderOfEvaluation) {
  EXPECT_EQ(fatal("max_use = 0\nhash_queue_names =\n"), "bad string length 0 < 1: hash_queue_names = ");
  EXPECT_EQ(fatal("max_use = 0\nfast_flush_purge_time = x\n"), "invalid max_use parameter value 0 < 1");
  EXPECT_EQ(fatal("fast_flush_purge_time = x\n"),
            "parameter fast_flush_purge_time: bad time value or unit: x");
  EXPECT_EQ(fatal("smtputf8_enable = 1\n"), "bad boolean configuration: smtputf8_enable = 1");
  EXPECT_EQ(fatal("syslog_facility = foo\n"),
            "file /c/main.cf: parameter syslog_facility: unrecognized value: foo");
}

TEST(Config, WarnsBeforeItFailsOnAMacro) {
  const LoadedConfig loaded = load("relay_domains = $x\nx = $\nunused = $\n");
  ASSERT_FALSE(loaded.config);
  EXPECT_EQ(loaded.config.error().text, "dictionary mail_dict: macro processing error");
  EXPECT_THAT(loaded.warnings, ElementsAre("empty macro name: \"$\""));
  EXPECT_EQ(fatal("unused = $\n"), "none");
}

TEST(Config, ReadsOurOwnParameters) {
  const Config config = values("uflush_durability=sync\nuflush_backend=portable\nuflush_announcement=no\n");
  EXPECT_EQ(config.uflush_durability, Durability::sync);
  EXPECT_EQ(config.uflush_backend, RingBackend::portable);
  EXPECT_FALSE(config.uflush_announcement);
}

// ---- Faults in parameters of ours.

TEST(OwnParameters, HaveTheirDefaultsAndAWarningWhenTheirValuesMakeNoSense) {
  const LoadedConfig loaded = load(
      "uflush_backend = epoll\nuflush_durability = Sync\nuflush_busy_wait_us = x\nuflush_table_timeout = "
      "5x\nuflush_announcement = maybe\nuflush_table_cache_time =\n");
  ASSERT_TRUE(loaded.config) << loaded.config.error().text;
  EXPECT_THAT(
      loaded.warnings,
      ElementsAre(
          "/c/main.cf, line 2: parameter uflush_durability: unrecognized value: Sync; using the default: "
          "none",
          "/c/main.cf, line 1: parameter uflush_backend: unrecognized value: epoll; using the default: auto",
          "/c/main.cf, line 3: bad numerical configuration: uflush_busy_wait_us = x; using the default: 100",
          "/c/main.cf, line 4: parameter uflush_table_timeout: bad time value or unit: 5x; using the "
          "default: 10s",
          "/c/main.cf, line 6: parameter uflush_table_cache_time: bad time value or unit: ; using the "
          "default: 5s",
          "/c/main.cf, line 5: bad boolean configuration: uflush_announcement = maybe; using the default: "
          "yes"));
  const Config& config = loaded.config.value();
  EXPECT_EQ(config.uflush_backend, RingBackend::automatic);
  EXPECT_EQ(config.uflush_busy_wait_us, 100);
  EXPECT_EQ(config.uflush_table_timeout, std::chrono::seconds{10});
  EXPECT_TRUE(config.uflush_announcement);
  EXPECT_THAT(loaded.effective, testing::Contains(testing::Pair("uflush_backend", "auto")));
  EXPECT_THAT(loaded.effective, testing::Not(testing::Contains(testing::Pair("uflush_backend", "epoll"))));
}

TEST(OwnParameters, HaveTheirDefaultsWhenTheyAreOutOfRange) {
  const LoadedConfig loaded = load("a = b\nuflush_busy_wait_us = 5000\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_THAT(loaded.warnings, ElementsAre("/c/main.cf, line 2: invalid uflush_busy_wait_us parameter value "
                                           "5000 > 1000; using the default: 100"));
}

TEST(OwnParameters, HaveTheirDefaultsWhenAMacroCannotBeExpanded) {
  const LoadedConfig loaded = load("\nuflush_backend = ${x\n");
  ASSERT_TRUE(loaded.config) << loaded.config.error().text;
  EXPECT_THAT(loaded.warnings,
              ElementsAre("/c/main.cf, line 2: uflush_backend = ${x: truncated macro reference: \"${x\"; "
                          "using the default: auto"));
}

TEST(OwnParameters, AreSaidToBeInMasterCfWhenAnOptionSetsThem) {
  const LoadedConfig loaded = load("uflush_backend = auto\n", {{"uflush_backend", "bad"}});
  ASSERT_TRUE(loaded.config);
  EXPECT_THAT(loaded.warnings, ElementsAre("/c/master.cf, option -o: parameter uflush_backend: unrecognized "
                                           "value: bad; using the default: auto"));
}

TEST(OwnParameters, AreSaidToBeOnTheCommandLineWithoutMaster) {
  ConfigSource source = source_of({""}, {{"uflush_backend", "bad"}});
  source.started_by_master = false;
  EXPECT_THAT(load_config(source).warnings,
              ElementsAre("command line, option -o: parameter uflush_backend: unrecognized value: bad; using "
                          "the default: auto"));
}

TEST(OwnParameters, ThatDoNotExistAreNamedWithTheNearestThatDo) {
  const LoadedConfig loaded =
      load("uflush_backend = auto\nuflush_bakend = portable\n", {{"uflush_anouncement", "no"}});
  ASSERT_TRUE(loaded.config);
  EXPECT_THAT(
      loaded.warnings,
      ElementsAre("/c/main.cf, line 2: unknown parameter uflush_bakend; the nearest name is uflush_backend",
                  "/c/master.cf, option -o: unknown parameter uflush_anouncement; the nearest name is "
                  "uflush_announcement"));
}

TEST(Config, SaysWhichParameterIsAtFaultAndWhereItIsSet) {
  const LoadedConfig loaded = load("x = 0\nmax_use = $x\n");
  ASSERT_FALSE(loaded.config);
  EXPECT_EQ(loaded.faulty_parameter, "max_use");
  EXPECT_EQ(loaded.places.describe(loaded.faulty_parameter), "/c/main.cf, line 2: max_use = $x");
  EXPECT_FALSE(loaded.places.is_option("max_use"));
  const LoadedConfig given = load("max_use = 7\n", {{"max_use", "0", 'm'}});
  EXPECT_EQ(given.places.describe("max_use"), "/c/master.cf, option -m: max_use = 0");
  EXPECT_TRUE(given.places.is_option("max_use"));
  EXPECT_EQ(load("mydomain = 1.2\n").faulty_parameter, "mydomain");
  EXPECT_EQ(load("relay_domains = $\n").faulty_parameter, "relay_domains");
  EXPECT_EQ(load("").faulty_parameter, "");
  EXPECT_EQ(load("").places.describe("max_use"), "");
}

// ---- uflush.cf.

TEST(UflushCf, CountsMoreThanMainCfAndLessThanOptions) {
  const Files files{"uflush_backend = io_uring\nuflush_busy_wait_us = 1\nuflush_announcement = no\n",
                    "uflush_backend = portable\nuflush_busy_wait_us = 2\n"};
  const LoadedConfig loaded = load_both(files, {{"uflush_busy_wait_us", "3"}});
  ASSERT_TRUE(loaded.config);
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config.value().uflush_backend, RingBackend::portable);
  EXPECT_EQ(loaded.config.value().uflush_busy_wait_us, 3);
  EXPECT_FALSE(loaded.config.value().uflush_announcement);
}

TEST(UflushCf, SeesTheParametersOfMainCf) {
  const LoadedConfig loaded =
      load_both({"waits = 7\n", "# ours\nuflush_busy_wait_us = ${{$max_use} == {100} ?\n  {$waits}}\n"});
  ASSERT_TRUE(loaded.config) << loaded.config.error().text;
  EXPECT_EQ(loaded.config.value().uflush_busy_wait_us, 7);
  EXPECT_THAT(loaded.warnings, IsEmpty());
}

TEST(UflushCf, IsNotForParametersOfPostfix) {
  const LoadedConfig loaded =
      load_both({"max_idle = 5\n", "uflush_backend = portable\nmax_idle = 7\nconfig_directory = /d\n"});
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config.value().max_idle, std::chrono::seconds{5});
  EXPECT_EQ(loaded.config.value().uflush_backend, RingBackend::portable);
  EXPECT_THAT(loaded.warnings,
              ElementsAre("/c/uflush.cf, line 3: config_directory has no effect in this file, which is for "
                          "uflush_* parameters only",
                          "/c/uflush.cf, line 2: max_idle has no effect in this file, which is for uflush_* "
                          "parameters only"));
}

TEST(UflushCf, NamesTheNearestParameterForAMisspeltOne) {
  const LoadedConfig loaded = load_both(
      {"",
       "uflush_durabilty = sync\nuflsh_backend = portable\nannouncement = no\nuflush_busy_wiat_us = 1\n"});
  ASSERT_TRUE(loaded.config);
  EXPECT_THAT(
      loaded.warnings,
      ElementsAre(
          "/c/uflush.cf, line 3: unknown parameter announcement; the nearest name is uflush_announcement",
          "/c/uflush.cf, line 2: unknown parameter uflsh_backend; the nearest name is uflush_backend",
          "/c/uflush.cf, line 4: unknown parameter uflush_busy_wiat_us; the nearest name is "
          "uflush_busy_wait_us",
          "/c/uflush.cf, line 1: unknown parameter uflush_durabilty; the nearest name is "
          "uflush_durability"));
}

TEST(UflushCf, IsReadAsFarAsItMakesSense) {
  const LoadedConfig loaded = load_both({"", "foo\nuflush_backend = bad\nuflush_announcement = no\n"});
  ASSERT_TRUE(loaded.config);
  EXPECT_FALSE(loaded.config.value().uflush_announcement);
  EXPECT_THAT(loaded.warnings,
              ElementsAre("/c/uflush.cf, line 1: missing '=' after attribute name: \"foo\"",
                          "/c/uflush.cf, line 2: parameter uflush_backend: unrecognized value: bad; using "
                          "the default: auto"));
}

TEST(UflushCf, MayBeUnreadableButNotUnnoticed) {
  ConfigSource source = source_of({"uflush_backend = portable\n"});
  source.read_file = [read = source.read_file](const std::string& path) -> Result<std::string> {
    if (path == "/c/uflush.cf") return Error{EACCES};
    return read(path);
  };
  const LoadedConfig loaded = load_config(source);
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config.value().uflush_backend, RingBackend::portable);
  EXPECT_THAT(loaded.warnings, ElementsAre("open /c/uflush.cf: Permission denied; going on without it"));
}

// ---- What can be had of a configuration that is refused.

TEST(WhatCanBeHad, IsEverythingElse) {
  const Config config = load_what_can_be_had(
      source_of({"foo\nmax_idle = 5x\nmyhostname = a..b\nmail_owner = somebody\nrelay_domains = ${x\n"
                 "uflush_announcement = no\n",
                 "uflush_answer_when_broken = no\n"}));
  EXPECT_EQ(config.mail_owner, "somebody");
  EXPECT_EQ(config.max_idle, std::chrono::seconds{100});
  EXPECT_FALSE(config.uflush_announcement);
  EXPECT_FALSE(config.uflush_answer_when_broken);
}

TEST(WhatCanBeHad, IsTheDefaultsWithoutAnyFile) {
  ConfigSource source = source_of({""}, {{"uflush_announcement", "no"}});
  source.read_file = [](const std::string&) -> Result<std::string> { return Error{EACCES}; };
  const Config config = load_what_can_be_had(source);
  EXPECT_FALSE(config.uflush_announcement);
  EXPECT_TRUE(config.uflush_answer_when_broken);
  EXPECT_EQ(config.mail_owner, "postfix");
}

TEST(NearestName, IsTheOneWithTheFewestChanges) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abcd", "abdc"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(own_parameter_like("max_idle"), std::nullopt);
  EXPECT_EQ(own_parameter_like("Uflush_backend"), "uflush_backend");
  EXPECT_EQ(nearest_own_parameter("uflush_durability"), "uflush_durability");
}

TEST(ConfigOverride, IsANameAndAValue) {
  const ConfigOverride override = parse_override(" p = 2 3 ").value();
  EXPECT_EQ(override.name, "p");
  EXPECT_EQ(override.value, "2 3");
  EXPECT_EQ(parse_override("p q").error().text,
            "invalid \"-o p q\" option value: missing '=' after attribute name");
  EXPECT_EQ(parse_override("").error().text, "invalid \"-o \" option value: missing attribute name");
}

TEST(MailOwner, IsAnAccountWithoutPrivileges) {
  Config config;
  config.config_directory = "/c";
  config.mail_owner = "daemon";
  ASSERT_TRUE(check_mail_owner(config));
  EXPECT_NE(check_mail_owner(config).value().uid, 0U);
  config.mail_owner = "root";
  EXPECT_EQ(check_mail_owner(config).error().text,
            "file /c/main.cf: parameter mail_owner: user root has privileged user ID");
  config.mail_owner = "no such user";
  EXPECT_EQ(check_mail_owner(config).error().text,
            "file /c/main.cf: parameter mail_owner: unknown user name value: no such user");
}

TEST(Config, DiesOfAMalformedLine) {
  EXPECT_EQ(fatal("a = b\n= foo\n"), "/c/main.cf, line 2: missing attribute name: \"= foo\"");
}

TEST(SystemHostname, IsWhatTheKernelSays) {
  utsname system{};
  ASSERT_EQ(::uname(&system), 0);
  EXPECT_EQ(system_hostname(), system.nodename);
}

}  // namespace
}  // namespace uflush
