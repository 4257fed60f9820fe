/// The daemon's start beside Postfix's flush, with generated parameters in main.cf and on the command line:
/// the same log, the same exit status. Both are started with a status channel that is at its end, so that a
/// start that succeeds is over at once, with status 0.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/corpus/corpus.hpp"
#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"

namespace uflush::corpus {
namespace {

using support::Parameters;
using Texts = std::vector<std::string>;

struct Start {
  Parameters main_cf;
  Texts arguments;
};

std::string drawn_name(Dice& dice) {
  return one_of(dice, {"hash_queue_depth",
                       "hash_queue_names",
                       "max_use",
                       "max_idle",
                       "ipc_timeout",
                       "ipc_idle",
                       "ipc_ttl",
                       "trigger_timeout",
                       "fast_flush_refresh_time",
                       "fast_flush_purge_time",
                       "smtputf8_enable",
                       "enable_idna2003_compatibility",
                       "daemon_table_open_error_is_fatal",
                       "compatibility_level",
                       "syslog_facility",
                       "queue_service_name",
                       "mydomain",
                       "myhostname",
                       "mail_owner",
                       "fast_flush_domains",
                       "parent_domain_matches_subdomains",
                       "relay_domains",
                       "syslog_name",
                       "multi_instance_name",
                       "postlog_service_name",
                       "maillog_file_prefixes",
                       "proxymap_service_name"});
}

std::string drawn_value(Dice& dice, const std::string& name) {
  if (dice.chance(0.1))
    return one_of(dice, {"$undefined", "${{1} == {1}}", "$$", "${x?}", "$compatibility_level"});
  if (name.find("domain") != std::string::npos || name.find("hostname") != std::string::npos)
    return one_of(dice, {"example.com",
                         "a b",
                         "",
                         "!",
                         "!!x",
                         "hash:",
                         ":x",
                         "nosuch:type",
                         "x # y",
                         "#",
                         "{",
                         "}",
                         "/nowhere/list",
                         "/etc",
                         "static:all",
                         "-x",
                         "x..y",
                         "1.2.3.4",
                         "x_y",
                         "a,b",
                         "inline:{}",
                         "texthash:/nowhere/t",
                         "hash:/nowhere/t",
                         "regexp:/nowhere/r",
                         "a.b.",
                         "!/nowhere/list",
                         "[1.2.3.4]",
                         "[x:y",
                         "internal:x"});
  return one_of(dice, {"1",
                       "0",
                       "-1",
                       "",
                       "x",
                       "5x",
                       "5s",
                       "1h30m",
                       "7d",
                       "3550w",
                       "99999999999999999999",
                       " 7",
                       "7 ",
                       "+3",
                       "0x10",
                       "1.5",
                       "yes",
                       "no",
                       "YES",
                       "maybe",
                       "true",
                       "2147483647",
                       "2147483648",
                       "s",
                       "5 s",
                       "5S",
                       "mail",
                       "local3",
                       "local9",
                       "3.6",
                       "3.6.1",
                       "3.1024",
                       "1.2.3.4",
                       "2w",
                       "postfix",
                       "root",
                       "nobody-knows",
                       "a b",
                       "/var",
                       "none"});
}

std::string described(const Start& start) {
  std::string text;
  for (const auto& [name, value] : start.main_cf) text += fmt::format("  {} = {}\n", name, value);
  for (const std::string& argument : start.arguments) text += "  " + argument + "\n";
  return text;
}

Start drawn_start(Dice& dice) {
  Start start;
  for (std::size_t count = dice.between(1, 2); count > 0; --count) {
    const std::string name = drawn_name(dice);
    const std::string value = drawn_value(dice, name);
    if (dice.chance(0.6)) {
      start.main_cf.emplace_back(name, value);
    } else {
      start.arguments.insert(start.arguments.end(), {"-o", name + one_of(dice, {"=", " = "}) + value});
    }
  }
  // What we evaluate earlier than the reference (compatibility.md, "bad parameters") must be the only fault.
  if (described(start).find("fast_flush_refresh_time") != std::string::npos ||
      described(start).find("fast_flush_purge_time") != std::string::npos)
    return {{{one_of(dice, {"fast_flush_refresh_time", "fast_flush_purge_time"}), drawn_value(dice, "")}},
            {}};
  if (dice.chance(0.05)) start.arguments.insert(start.arguments.end(), {"-m", drawn_value(dice, "")});
  if (dice.chance(0.05)) start.arguments.insert(start.arguments.end(), {"-i", drawn_value(dice, "")});
  if (dice.chance(0.03))
    start.arguments.emplace_back(one_of(dice, {"-x", "-o", "-ofoo", "-o=x", "-s0", "-r0"}));
  return start;
}

/// One daemon on its way, under the name `flush`.
class Attempt {
 public:
  Attempt(const Start& start, const std::string& program)
      : spool_(start.main_cf), log_(spool_.queue().path("public/postlog")) {
    EXPECT_EQ(::symlink(program.c_str(), programs_.path("flush").c_str()), 0);
    support::StandInOptions options;
    options.program = programs_.path("flush");
    options.arguments = start.arguments;
    master_.emplace(spool_, std::move(options));
    child_ = &master_->spawn();
    master_->disconnect();
  }

  /// Exit status and log, paths left out.
  [[nodiscard]] std::string outcome() {
    const std::optional<support::Exit> exit = child_->wait();
    std::string text = exit && exit->status ? fmt::format("exit {}\n", *exit->status) : "no exit\n";
    for (std::string line : log_.texts()) {
      replace(line, spool_.config_directory(), "@config");
      replace(line, spool_.queue().path(), "@queue");
      // Ours alone: which option the fatal record is about.
      if (line.starts_with("warning: @config/master.cf, option -")) continue;
      text += line + "\n";
    }
    return text;
  }

 private:
  static void replace(std::string& text, const std::string& what, const std::string& by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
      text.replace(at, what.size(), by);
  }

  support::Spool spool_;
  support::TempDir programs_;
  support::LogSocket log_;
  std::optional<support::MasterStandIn> master_;
  support::ChildProcess* child_ = nullptr;
};

TEST(StartupCorpus, EndsAsTheReferenceEnds) {
  if (::access(support::stock_daemon, X_OK) != 0 || ::geteuid() != 0)
    GTEST_SKIP() << "needs " << support::stock_daemon << " and root's rights";
  constexpr std::size_t at_a_time = 20;  // the reference sleeps for a second after each fatal error
  Dice dice(Seed{seed()});
  for (std::size_t round = 0; round < times_size(10); ++round) {
    std::vector<Start> starts;
    std::vector<std::unique_ptr<Attempt>> theirs;
    std::vector<std::unique_ptr<Attempt>> ours;
    for (std::size_t count = 0; count < at_a_time; ++count) {
      starts.push_back(drawn_start(dice));
      theirs.push_back(std::make_unique<Attempt>(starts.back(), support::stock_daemon));
      ours.push_back(std::make_unique<Attempt>(starts.back(), support::tested_daemon()));
    }
    for (std::size_t at = 0; at < at_a_time; ++at)
      EXPECT_EQ(ours[at]->outcome(), theirs[at]->outcome()) << "seed " << seed() << ":\n"
                                                            << described(starts[at]);
  }
}

}  // namespace
}  // namespace uflush::corpus
