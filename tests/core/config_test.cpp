#include "core/config.hpp"

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <sys/utsname.h>
#include <syslog.h>

namespace uflush {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

LoadedConfig load(std::string main_cf, std::vector<ConfigOverride> overrides = {}) {
  ConfigSource source;
  source.config_directory = "/c";
  source.overrides = std::move(overrides);
  source.process_name = "uflush";
  source.service_name = "flush";
  source.system_hostname = "relay";
  source.process_id = 42;
  source.read_file = [&](const std::string& path) -> Result<std::string> {
    if (path != "/c/main.cf") return Error{ENOENT};
    return main_cf;
  };
  return load_config(source);
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

TEST(Config, ReportsTheFileThatItCameFrom) {
  EXPECT_THAT(load("").files_read, ElementsAre("/c/main.cf"));
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
  EXPECT_EQ(fatal("uflush_backend = epoll\n"),
            "file /c/main.cf: parameter uflush_backend: unrecognized value: epoll");
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
