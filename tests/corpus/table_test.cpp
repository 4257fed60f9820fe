/// Lookup tables beside postmap(1): generated tables of every type that both can open, asked for generated
/// keys. Keys are not folded here, and are proper UTF-8: that is the business of the layer above.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/table/open_table.hpp"
#include "io/read_file.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/corpus/table_text.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::corpus {
namespace {

using support::Output;
using Texts = std::vector<std::string>;

constexpr const char* postmap = "/usr/sbin/postmap";

/// A table to be opened: `name` as it stands in a configuration, `@/` for the directory of its file `table`.
struct Drawn {
  std::string name;
  std::string content;
  Texts keys;
};

/// What one program made of a table and of the keys.
struct Answers {
  std::string error;  ///< why the table could not be opened
  std::set<std::string> warnings;
  std::map<std::string, Lookup> lookups;
};

const char* to_text(Lookup lookup) {
  return lookup == Lookup::found ? "found" : lookup == Lookup::failed ? "failed" : "not found";
}

/// What differs; empty when nothing does.
std::string difference(const Answers& ours, const Answers& theirs) {
  std::string text;
  if (ours.error != theirs.error)
    text += fmt::format("  error: ours \"{}\" theirs \"{}\"\n", ours.error, theirs.error);
  for (const std::string& warning : ours.warnings)
    if (!theirs.warnings.contains(warning)) text += fmt::format("  only ours: {}\n", warning);
  for (const std::string& warning : theirs.warnings)
    if (!ours.warnings.contains(warning)) text += fmt::format("  only theirs: {}\n", warning);
  for (const auto& [key, lookup] : ours.lookups) {
    const auto other = theirs.lookups.find(key);
    if (other != theirs.lookups.end() && other->second != lookup)
      text += fmt::format("  {}: ours {} theirs {}\n", testing::PrintToString(key), to_text(lookup),
                          to_text(other->second));
  }
  if (ours.lookups.size() != theirs.lookups.size()) text += "  only one can be asked\n";
  return text;
}

/// What postmap says because it wants a value.
bool is_about_empty_values(const std::string& warning) {
  return warning.find(" should return NO RESULT in case of NOT FOUND") != std::string::npos ||
         warning.find(": empty string result is not allowed") != std::string::npos;
}

/// A directory with main.cf and one table in it.
class Place {
 public:
  explicit Place(const Drawn& drawn) : drawn_(drawn) {
    write("main.cf", "compatibility_level = 3.6\nmyhostname = relay.example\n");
    write("table", drawn.content);
    for (std::size_t at = 0; (at = name_.find("@/", at)) != std::string::npos;)
      name_.replace(at, 2, directory_.path() + "/");
  }

  /// False when postmap refuses to make it.
  [[nodiscard]] bool compile() const { return run_postmap({name_}, "").exit.status == 0; }

  [[nodiscard]] Answers theirs() const {
    std::string input;
    Answers answers;
    for (const std::string& key : drawn_.keys) {
      input += key + "\n";
      answers.lookups[key] = Lookup::not_found;
    }
    Output output = run_postmap({"-fq", "-", name_}, input);
    if (!take_complaints(output.err, answers)) {
      take_found(output.out, answers);
      if (!answers.error.empty()) answers.lookups.clear();
      return answers;
    }
    // It gives up at the first key that fails: one by one, then.
    for (auto& [key, lookup] : answers.lookups) {
      output = run_postmap({"-fq", "-", name_}, key + "\n");
      if (take_complaints(output.err, answers)) lookup = Lookup::failed;
      if (!output.out.empty()) lookup = Lookup::found;
    }
    return answers;
  }

  [[nodiscard]] Answers ours() const {
    const OpenedTable opened = open_table(name_, {.utf8 = true, .read_file = read_file});
    Answers answers;
    answers.error = as_logged(without_path(opened.error.value_or("")));
    const auto add = [&](const Warnings& warnings) {
      for (const std::string& warning : warnings) answers.warnings.insert(as_logged(without_path(warning)));
    };
    add(opened.warnings);
    if (opened.error) return answers;
    for (const std::string& key : drawn_.keys) {
      Inquiry inquiry;
      answers.lookups[key] = opened.table->find(key, inquiry);
      add(inquiry.warnings);
    }
    return answers;
  }

 private:
  /// Dated back: Postfix reads a young file again and again.
  void write(const std::string& name, const std::string& content) const {
    const std::string path = directory_.path(name);
    support::write_file(path, content);
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() - std::chrono::seconds(100));
  }

  [[nodiscard]] Output run_postmap(Texts arguments, const std::string& input) const {
    arguments.insert(arguments.begin(), {postmap, "-c", directory_.path()});
    return support::run(arguments, input);
  }

  [[nodiscard]] std::string without_path(std::string text) const {
    const std::string path = directory_.path();
    for (std::size_t at = 0; (at = text.find(path)) != std::string::npos;) text.erase(at, path.size());
    return text;
  }

  /// Takes warnings and an error off postmap's stderr. True when the look-up of some key failed.
  bool take_complaints(const std::string& text, Answers& answers) const {
    constexpr std::string_view warning = "postmap: warning: ";
    constexpr std::string_view fatal = "postmap: fatal: ";
    std::istringstream in(text);
    bool failed = false;
    for (std::string line; std::getline(in, line);) {
      line = as_logged(without_path(line));
      if (is_about_empty_values(line)) continue;
      if (line.starts_with(warning)) answers.warnings.insert(line.substr(warning.size()));
      if (!line.starts_with(fatal)) continue;
      failed = line.find(": query error") != std::string::npos;
      if (!failed) answers.error = line.substr(fatal.size());
    }
    return failed;
  }

  static void take_found(const std::string& text, Answers& answers) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      for (auto& [key, lookup] : answers.lookups)
        if (line.starts_with(key + "\t")) lookup = Lookup::found;
    }
  }

  const Drawn& drawn_;
  support::TempDir directory_;
  std::string name_ = drawn_.name;
};

class TableCorpus : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (::access(postmap, X_OK) != 0) GTEST_SKIP() << postmap << " is not installed";
  }

  static Drawn draw(TableText& texts, Dice& dice) {
    const std::string& type = GetParam();
    Drawn drawn{.name = type + ":@/table", .content = texts.keys_and_values(), .keys = texts.keys()};
    const bool by_rules = type == "regexp" || type == "pcre" || type == "cidr";
    if (by_rules) drawn.content = type == "cidr" ? texts.networks() : texts.expressions(type == "pcre");
    if (by_rules && dice.chance(0.2)) drawn.name = fmt::format("{}:{}", type, texts.inline_rules(type));
    if (type == "inline") drawn.name = fmt::format("inline:{}", texts.inline_name());
    if (type == "static")
      drawn.name = one_of(dice, {"static:x", "static:{x y}", "static:{ x }", "static:{", "static:\xff"});
    if (type == "environ" || type == "internal" || type == "fail") drawn.name = type + ":x";
    if (type == "unix")
      drawn.name = one_of(dice, {"unix:passwd.byname", "unix:group.byname", "unix:nothing"});
    if (type == "randmap")
      drawn.name = one_of(dice, {"randmap:{a}", "randmap:{a, b}", "randmap:{}", "randmap:a", "randmap:{a"});
    if (type == "unionmap")
      drawn.name =
          one_of(dice, {"unionmap:{static:a, fail:x}", "unionmap:{texthash:@/table, internal:x}",
                        "unionmap:{inline:{x=1}, texthash:@/table}", "unionmap:{}", "unionmap:{static:a",
                        "unionmap:{nosuch:x}", fmt::format("unionmap:{{inline:{}}}", texts.inline_name())});
    return drawn;
  }

  [[nodiscard]] static bool is_compiled() {
    return GetParam() == "hash" || GetParam() == "btree" || GetParam() == "lmdb" || GetParam() == "cdb";
  }
};

bool is_a_duplicate(const std::string& error) {
  return error.find(": duplicate entry: ") != std::string::npos;
}

TEST_P(TableCorpus, HoldsWhatPostmapFinds) {
  const std::uint64_t own_seed = seed() + std::hash<std::string>{}(GetParam()) % 1000;
  TableText texts(Seed{own_seed});
  Dice dice(Seed{own_seed + 1});
  // Postfix's programs pause for a second whenever a table fails.
  std::vector<Drawn> tables(GetParam() == "fail" ? 1 : times_size(40));
  std::generate(tables.begin(), tables.end(), [&] { return draw(texts, dice); });
  std::vector<Answers> theirs(tables.size());
  std::vector<Answers> ours(tables.size());
  in_parallel(tables.size(), [&](std::size_t at) {
    const Place place(tables[at]);
    if (is_compiled() && !place.compile()) return;
    theirs[at] = place.theirs();
    ours[at] = place.ours();
  });
  bool found = false;
  for (std::size_t at = 0; at < tables.size(); ++at) {
    // To postmap a key that is there twice is worth a warning, to a daemon the table is broken.
    if (is_a_duplicate(ours[at].error) && theirs[at].warnings.contains(ours[at].error)) continue;
    EXPECT_EQ(difference(ours[at], theirs[at]), "") << "seed " << seed() << ", " << tables[at].name << "\n"
                                                    << tables[at].content;
    for (const auto& [key, lookup] : ours[at].lookups) found = found || lookup == Lookup::found;
  }
  EXPECT_EQ(found, GetParam() != "internal" && GetParam() != "fail");
}

INSTANTIATE_TEST_SUITE_P(OfType, TableCorpus,
                         testing::Values("texthash", "inline", "static", "hash", "btree", "lmdb", "cdb",
                                         "regexp", "pcre", "cidr", "unionmap", "environ", "internal", "unix",
                                         "randmap", "fail"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace uflush::corpus
