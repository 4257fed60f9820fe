/// Our expansion beside `postconf -x`, on values made from a seed. postconf prints runs of blanks as one, so
/// the number of blanks is not compared.
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "protocol/macro.hpp"
#include "protocol/main_cf.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

constexpr const char* postconf = "/usr/sbin/postconf";
constexpr int values_count = 300;
constexpr int names_count = 8;

/// Makes texts that expand without an error. Values refer to n0..n7 only, which hold no references.
class Snippets {
 public:
  explicit Snippets(unsigned seed) : random_(seed) {}

  std::string value(int depth) {
    std::string text;
    for (int pieces = pick(3) + 1; pieces > 0; --pieces) text += piece(depth);
    return text;
  }

 private:
  int pick(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }

  std::string word() {
    static const std::vector<std::string> words = {"a", "7", "10", "x:y", "b c", "$$", "p?q", "009", "-1"};
    return words[static_cast<std::size_t>(pick(static_cast<int>(words.size())))];
  }

  std::string name() {
    std::string result = "n";
    result += std::to_string(pick(names_count));
    return result;
  }

  std::string braced(int depth) {
    return fmt::format("{}{}}}", pick(2) == 0 ? "{" : " { ", value(depth - 1));
  }

  std::string comparison(int depth) {
    static const std::vector<std::string> operators = {"==", "!=", "<", "<=", ">=", ">"};
    std::string text = fmt::format("{{{}}} ", value(depth - 1));
    text += operators[static_cast<std::size_t>(pick(static_cast<int>(operators.size())))];
    return fmt::format("{} {{{}}}", text, value(depth - 1));
  }

  std::string branches(int depth) {
    switch (pick(4)) {
      case 0:
        return fmt::format("?{}", braced(depth));
      case 1:
        return fmt::format(":{} ", braced(depth));
      case 2:
        return fmt::format("?{} :{}", braced(depth), braced(depth));
      default:
        return fmt::format("?{}:{}", braced(depth), value(depth - 1));
    }
  }

  std::string piece(int depth) {
    if (depth == 0) return pick(2) == 0 ? word() : fmt::format("${{{}}}", name());
    switch (pick(5)) {
      case 0:
        return word();
      case 1:
        return fmt::format("$({})", name());
      case 2:
        return fmt::format("${{{}{}}}", name(), branches(depth));
      case 3:
        return fmt::format("${{{}}}", comparison(depth));
      default:
        return fmt::format("${{ {} {}}}", comparison(depth), branches(depth));
    }
  }

  std::mt19937 random_;
};

std::string squeeze_blanks(std::string_view text) {
  std::string result;
  for (const char byte : trim_blanks_right(skip_blanks(text))) {
    if (!is_blank(byte) || result.back() != ' ') result += is_blank(byte) ? ' ' : byte;
  }
  return result;
}

TEST(Postconf, ExpandsMadeUpValuesAsWeDo) {
  if (::access(postconf, X_OK) != 0) GTEST_SKIP() << postconf << " is not installed";
  const unsigned seed = std::random_device{}();
  Snippets snippets(seed);
  std::string main_cf = "n1 = 1\nn2 = a b\nn3 =\nn4 = 10\nn5 = x = y # z\nn6 = 2\n";
  std::string classes = "smtpd_restriction_classes = n0 n1 n2 n3 n4 n5 n6 n7";
  std::vector<std::string> command{postconf, "-xh", "-c", ""};
  for (int at = 0; at < values_count; ++at) {
    std::string name = "v";
    name += std::to_string(at);
    main_cf += fmt::format("{} = {}\n", name, snippets.value(3));
    classes += ' ' + name;
    command.push_back(name);
  }
  main_cf += fmt::format("{}\n", classes);
  const support::TempDir directory;
  support::write_file(directory.path("main.cf"), main_cf);
  support::write_file(directory.path("master.cf"), "");
  command[3] = directory.path();
  std::istringstream answers(support::run(command).out);

  const MainCf ours = parse_main_cf("main.cf", main_cf);
  ASSERT_FALSE(ours.fatal) << *ours.fatal;
  for (std::size_t at = 4; at < command.size(); ++at) {
    const std::string& text = ours.table.at(command[at]);
    std::string theirs;
    ASSERT_TRUE(std::getline(answers, theirs)) << "seed " << seed;
    const Expansion expansion = expand_macros(text, ours.table);
    ASSERT_EQ(expansion.fatal, std::nullopt) << "seed " << seed << ": " << text;
    EXPECT_EQ(squeeze_blanks(expansion.text), squeeze_blanks(theirs)) << "seed " << seed << ": " << text;
  }
}

}  // namespace
}  // namespace uflush
