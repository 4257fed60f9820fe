/// main.cf as parse_main_cf(), expand_macros() and load_config() read it, beside postconf(1), on generated
/// files and values. postconf prints runs of blanks as one, so the number of blanks is not compared.
#include "protocol/main_cf.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/config.hpp"
#include "core/parameters.hpp"
#include "protocol/macro.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/corpus/main_cf_text.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::corpus {
namespace {

using support::Output;
using Texts = std::vector<std::string>;

constexpr const char* postconf = "/usr/sbin/postconf";
constexpr const char* postmap = "/usr/sbin/postmap";
/// Names for postconf to know: it prints parameters only that Postfix knows or that main.cf makes known.
constexpr const char* known_names =
    "\nsmtpd_restriction_classes = n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 v0 v1 v2 v3 v4 v5 v6 v7 v8 v9\n";

std::string squeeze_blanks(std::string_view text) {
  std::string result;
  for (const char byte : trim_blanks_right(skip_blanks(text)))
    if (!is_blank(byte) || result.back() != ' ') result += is_blank(byte) ? ' ' : byte;
  return result;
}

Texts lines_of(const std::string& text) {
  std::istringstream in(text);
  Texts lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// What one program said of a main.cf: complaints, and the values if nothing was fatal.
struct Reading {
  std::set<std::string> complaints;
  bool is_fatal = false;
  Texts values;
};

/// What `ours` and `theirs` do not share; empty when they are alike.
std::string difference(const Reading& ours, const Reading& theirs) {
  std::string text;
  const auto only_in = [&text](const char* who, const auto& some, const auto& others) {
    for (const std::string& each : some)
      if (others.count(each) == 0) text += fmt::format("  only {}: {}\n", who, testing::PrintToString(each));
  };
  only_in("ours", ours.complaints, theirs.complaints);
  only_in("theirs", theirs.complaints, ours.complaints);
  for (std::size_t at = 0; at < std::max(ours.values.size(), theirs.values.size()); ++at) {
    const std::string one = at < ours.values.size() ? ours.values[at] : "(none)";
    const std::string other = at < theirs.values.size() ? theirs.values[at] : "(none)";
    if (one != other)
      text += fmt::format("  value {}: ours {} theirs {}\n", at, testing::PrintToString(one),
                          testing::PrintToString(other));
  }
  return text;
}

/// A complaint that only postconf has reason for.
bool is_about_names(const std::string& line) {
  return line.find(": undefined parameter: ") != std::string::npos ||
         line.find(": unused parameter: ") != std::string::npos ||
         line.find(": unknown parameter") != std::string::npos ||
         line.find("main.cf: syntax error after '}' in ") != std::string::npos;
}

/// What a program calls itself: postconf by its path.
std::string program_of(const Texts& command) {
  return command.front() == postconf ? postconf : command.front().substr(command.front().rfind('/') + 1);
}

std::string without(std::string text, std::string_view part) {
  const std::size_t at = text.find(part);
  return at == std::string::npos ? text : text.erase(at, part.size());
}

class MainCfCorpus : public testing::Test {
 public:
  void SetUp() override {
    if (::access(postconf, X_OK) != 0) GTEST_SKIP() << postconf << " is not installed";
  }

  /// What postconf says; `options` is `-h` or `-xh`.
  static Reading theirs(const std::string& main_cf, const char* options, const Texts& names) {
    Texts command = {postconf, options};
    command.insert(command.end(), names.begin(), names.end());
    return reading_of_program(main_cf, command);
  }

  /// What a program complains of that evaluates mydestination and expands nothing else: postconf looks at
  /// branches, too, that are not taken.
  static Reading complaints_of_postmap(const std::string& main_cf) {
    Reading reading = reading_of_program(main_cf, {postmap, "-q", "x", "internal:x"});
    const std::set<std::string> complaints = std::exchange(reading.complaints, {});
    reading.is_fatal = false;  // it finds nothing
    for (const std::string& complaint : complaints) {
      reading.is_fatal = reading.is_fatal || complaint.starts_with("fatal: ");
      reading.complaints.insert(without(complaint, "dictionary mail_dict: "));
    }
    return reading;
  }

  static Reading reading_of_program(const std::string& main_cf, Texts command) {
    const support::TempDir directory;
    support::write_file(directory.path("master.cf"), "");
    write_main_cf(directory, main_cf);
    command.insert(command.begin() + 1, {"-c", directory.path()});
    const Output output = support::run(command);
    Reading reading;
    reading.is_fatal = output.exit.status != 0;
    for (std::string line : lines_of(output.err)) {
      if (is_about_names(line)) continue;
      line = without(without(line, program_of(command) + ": "), directory.path());
      reading.complaints.insert(as_logged(line));  // a value is read more than once: a set
    }
    if (!reading.is_fatal) reading.values = lines_of(output.out);
    std::transform(reading.values.begin(), reading.values.end(), reading.values.begin(), squeeze_blanks);
    return reading;
  }

  /// Dated back: Postfix reads a young main.cf again and again.
  static void write_main_cf(const support::TempDir& directory, const std::string& text) {
    const std::string path = directory.path("main.cf");
    support::write_file(path, text);
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() - std::chrono::seconds(10));
  }
};

MainCf parsed(const std::string& main_cf) {
  return parse_main_cf("/main.cf", main_cf);
}

Reading reading_of(const MainCf& parsed, const Texts& names) {
  Reading reading;
  for (const std::string& warning : parsed.warnings)
    reading.complaints.insert(as_logged("warning: " + warning));
  if (parsed.fatal) {
    reading.complaints.insert(as_logged("fatal: " + *parsed.fatal));
    reading.is_fatal = true;
    return reading;
  }
  for (const std::string& name : names) {
    const auto found = parsed.table.find(name);
    if (found != parsed.table.end()) reading.values.push_back(squeeze_blanks(found->second));
  }
  return reading;
}

/// Adds what the expansion of `name` gives.
void add_expansion(Reading& reading, const ParameterTable& table, const std::string& name) {
  const Expansion expansion = expand_macros(table.at(name), table);
  for (const std::string& warning : expansion.warnings)
    reading.complaints.insert(as_logged("warning: " + warning));
  if (expansion.fatal) {
    reading.is_fatal = true;
    reading.values.clear();
    // A daemon names its dictionary, postconf does not.
    reading.complaints.insert(as_logged("fatal: " + without(*expansion.fatal, "dictionary mail_dict: ")));
  } else {
    reading.values.push_back(squeeze_blanks(expansion.text));
  }
}

/// What differs between both readings of a file, and of the expansion of its values.
std::string file_difference(const std::string& main_cf, const MainCf& ours) {
  Texts names;
  Texts good;
  for (int number = 0; number < 10; ++number) {
    const std::string name = fmt::format("n{}", number);
    if (!ours.table.contains(name)) continue;
    names.push_back(name);
    if (!expand_macros(ours.table.at(name), ours.table).fatal) good.push_back(name);
  }
  if (good.empty()) return "";  // without a name postconf shows everything
  const std::string as_written =
      difference(reading_of(ours, names), MainCfCorpus::theirs(main_cf, "-h", names));
  if (ours.fatal || !as_written.empty()) return as_written;
  Reading expanded = reading_of(ours, {});
  for (const std::string& name : good) add_expansion(expanded, ours.table, name);
  return difference(expanded, MainCfCorpus::theirs(main_cf, "-xh", good));
}

TEST_F(MainCfCorpus, FilesAreReadAsPostconfReadsThem) {
  MainCfText texts(Seed{seed()});
  Texts files(times_size(300));
  std::generate(files.begin(), files.end(), [&] { return texts.file() + known_names; });
  Texts differences(files.size());
  std::atomic<std::size_t> fatal = 0;
  in_parallel(files.size(), [&](std::size_t at) {
    const MainCf ours = parsed(files[at]);
    fatal += ours.fatal ? 1 : 0;
    differences[at] = file_difference(files[at], ours);
  });
  for (std::size_t at = 0; at < files.size(); ++at)
    EXPECT_EQ(differences[at], "") << "seed " << seed() << ", file " << at << ":\n" << files[at];
  EXPECT_GT(fatal, 0U);
  EXPECT_LT(fatal, files.size() / 2);
}

/// What differs in what is said about the value of mydestination, and in that value.
std::string value_difference(const std::string& main_cf, bool& is_fatal) {
  const MainCf parsed_file = parsed(main_cf);
  Reading ours = reading_of(parsed_file, {});
  add_expansion(ours, parsed_file.table, "mydestination");
  is_fatal = ours.is_fatal;
  const Texts values = std::exchange(ours.values, {});
  const std::string complaints = difference(ours, MainCfCorpus::complaints_of_postmap(main_cf));
  if (is_fatal || !complaints.empty()) return complaints;
  Reading only_values;
  only_values.values = values;
  Reading theirs = MainCfCorpus::theirs(main_cf, "-xh", {"mydestination"});
  theirs.complaints.clear();
  return difference(only_values, theirs);
}

/// Compares all values; how many of them are refused.
std::size_t compare_values(const std::string& others, const Texts& values) {
  Texts differences(values.size());
  std::atomic<std::size_t> refused = 0;
  in_parallel(values.size(), [&](std::size_t at) {
    bool is_fatal = false;
    differences[at] = value_difference(fmt::format("{}mydestination = {}\n", others, values[at]), is_fatal);
    refused += is_fatal ? 1 : 0;
  });
  for (std::size_t at = 0; at < values.size(); ++at)
    EXPECT_EQ(differences[at], "") << "seed " << seed() << ":\n"
                                   << others << "mydestination = " << values[at];
  return refused;
}

// With a level below 2, relay_domains would look at mydestination once more.
constexpr const char* level = "compatibility_level = 3.6\n";

TEST_F(MainCfCorpus, BrokenValuesAreRefusedInPostfixsWords) {
  MainCfText texts(Seed{seed() + 1});
  Texts values(times_size(200));
  std::generate(values.begin(), values.end(), [&] { return texts.broken_value(); });
  const std::string others =
      "n0 = x\nn1 = 1\nn2 = a b\nn3 =\nn4 = 3.6\nn5 = x = y # z\nn6 = $n1\nn7 = ${n6}7\n";
  EXPECT_GT(compare_values(level + others, values), values.size() / 10);
}

TEST_F(MainCfCorpus, ChainsAndCyclesEndWherePostfixEndsThem) {
  std::string others =
      "c0 = end\nv1 = $v1\nv2 = a${v3}b\nv3 = ${v2?{x$v2}}\nv4 = $(c1)x$v4$c1\nv5 = $c1$(c1)$v5\n";
  Texts values = {"$v1", "$v2", "$v3", "x$(v1)$v2", "$v4", "$v5", "${v1#}$(v1", "${v1#}$()$", "${v1#}$v4$"};
  for (int link = 1; link <= 150; ++link) {
    others += link % 2 == 0 ? fmt::format("c{} = $c{}\n", link, link - 1)
                            : fmt::format("c{} = ${{c{}}}\n", link, link - 1);
    if (link < 3 || link > 95) values.push_back(fmt::format("x$c{}", link));
  }
  EXPECT_GT(compare_values(level + others, values), values.size() / 2);
}

// ---- Real parameters: what flushctl config shows.

/// A text for the parameter that its type accepts, most of the time.
std::string drawn_value(Dice& dice, const Parameter& row, bool hosts_are_known, MainCfText& texts) {
  if (std::holds_alternative<IntParameter>(row.type)) return one_of(dice, {"1", "2", "3", " 7", "+4"});
  if (std::holds_alternative<TimeParameter>(row.type))
    return one_of(dice, {"1", "5s", "2m", "3h", "4d", "1w", "1h30m", "$n1", "${n1}d"});
  if (std::holds_alternative<BoolParameter>(row.type))
    return one_of(dice, {"yes", "no", "YES", "No", "${n3?no:yes}"});
  if (row.name == "compatibility_level") return one_of(dice, {"0", "1", "2", "3.5", "3.6", "3.6.1", "9999"});
  if (row.name == "syslog_facility") return one_of(dice, {"mail", "local3", "daemon"});
  if (row.name == "mail_owner") return "postfix";
  if (row.name == "maillog_file") return one_of(dice, {"", "/var/log/mail", "/dev/stdout"});
  if (row.name == "maillog_file_prefixes") return "/var /dev";
  // postconf shows defaults to all parameters, a daemon to those only that it evaluates later.
  if (hosts_are_known && dice.chance(0.3)) return one_of(dice, {"$mydomain", "x.$myhostname"});
  return one_of(dice, {"word", "a, b", "${n3:b}", "$(n2)"}) + texts.value(2);
}

std::string drawn_main_cf(Dice& dice, MainCfText& texts) {
  std::string main_cf = "n1 = 1\nn2 = a b\nn3 =\nn4 = 3.6\n";
  bool hosts_are_known = false;
  for (const Parameter& row : parameters()) {
    hosts_are_known = hosts_are_known || row.name == "myhostname";
    const bool is_evaluated =
        !std::holds_alternative<StrParameter>(row.type) || std::get<StrParameter>(row.type).member != nullptr;
    const bool is_ours = row.name.starts_with("uflush_");
    if (!is_evaluated || is_ours || dice.chance(0.7)) continue;
    if (row.name == "myhostname") {
      main_cf += "myhostname = " + one_of(dice, {"relay.example", "mx.$mydomain", "a.b.example"}) +
                 "\nmydomain = " + one_of(dice, {"example.com", "local"}) + "\n";
      continue;
    }
    main_cf += fmt::format("{} = {}\n", row.name, drawn_value(dice, row, hosts_are_known, texts));
  }
  return main_cf;
}

TEST_F(MainCfCorpus, ParametersHavePostconfsValues) {
  Dice dice(Seed{seed() + 2});
  MainCfText texts(Seed{seed() + 3});
  Texts files(times_size(100));
  std::generate(files.begin(), files.end(), [&] { return drawn_main_cf(dice, texts) + known_names; });
  Texts differences(files.size());
  std::atomic<std::size_t> compared = 0;
  in_parallel(files.size(), [&](std::size_t at) {
    const LoadedConfig loaded =
        load_config({.config_directory = "",
                     .overrides = {},
                     .process_name = "flush",
                     .service_name = "flush",
                     .system_hostname = system_hostname(),
                     .process_id = 0,
                     .read_file = [&](const std::string& path) -> Result<std::string> {
                       if (!path.ends_with("/main.cf")) return Error{ENOENT};
                       return files[at];
                     }});
    if (!loaded.config) return;  // such as a number out of range: postconf does not check
    Texts names;
    Reading ours;
    for (const auto& [name, value] : loaded.effective) {
      if (name.starts_with("uflush_")) continue;
      names.push_back(name);
      ours.values.push_back(squeeze_blanks(value));
    }
    for (const std::string& warning : loaded.warnings)
      ours.complaints.insert(as_logged("warning: " + warning));
    differences[at] = difference(ours, theirs(files[at], "-xh", names));
    ++compared;
  });
  for (std::size_t at = 0; at < files.size(); ++at)
    EXPECT_EQ(differences[at], "") << "seed " << seed() << ":\n" << files[at];
  EXPECT_GT(compared, files.size() / 2);
}

}  // namespace
}  // namespace uflush::corpus
