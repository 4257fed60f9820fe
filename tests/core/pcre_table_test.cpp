// The options behind a pattern of pcre:, each of which turns the default around.
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/table/open_table.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A table of one rule.
OpenedTable open(const std::string& rule) {
  const TableContext context{.utf8 = true, .read_file = [&rule](const std::string&) -> Result<std::string> {
                               return rule + " 1\n";
                             }};
  return open_table("pcre:r", context);
}

bool has(const OpenedTable& opened, std::string_view key) {
  Inquiry inquiry;
  return opened.table->find(key, inquiry) == Lookup::found;
}

bool matches(const std::string& rule, std::string_view key) {
  const OpenedTable opened = open(rule);
  EXPECT_THAT(opened.warnings, IsEmpty()) << rule;
  return has(opened, key);
}

TEST(PcreOptions, MakeCaseMatter) {
  EXPECT_TRUE(matches("/abc/", "aBc"));
  EXPECT_FALSE(matches("/abc/i", "aBc"));
  EXPECT_TRUE(matches("/abc/ii", "aBc"));
}

TEST(PcreOptions, LetAnchorsMatchAtEachLine) {
  EXPECT_FALSE(matches("/^b$/", "a\nb\nc"));
  EXPECT_TRUE(matches("/^b$/m", "a\nb\nc"));
}

TEST(PcreOptions, KeepDotsFromMatchingNewlines) {
  EXPECT_TRUE(matches("/a.b/", "a\nb"));
  EXPECT_FALSE(matches("/a.b/s", "a\nb"));
}

TEST(PcreOptions, IgnoreBlanksInThePattern) {
  EXPECT_FALSE(matches("/a b/", "ab"));
  EXPECT_TRUE(matches("/a b/x", "ab"));
}

TEST(PcreOptions, AnchorThePattern) {
  EXPECT_TRUE(matches("/b/", "ab"));
  EXPECT_FALSE(matches("/b/A", "ab"));
}

TEST(PcreOptions, LetDollarMatchAtTheVeryEndOnly) {
  EXPECT_TRUE(matches("/a$/", "a\n"));
  EXPECT_FALSE(matches("/a$/E", "a\n"));
  EXPECT_TRUE(matches("/a$/E", "a"));
}

TEST(PcreOptions, MakeRepetitionsLazy) {
  EXPECT_TRUE(matches("/^(?>a*)$/", "aa"));
  EXPECT_FALSE(matches("/^(?>a*)$/U", "aa"));
}

TEST(PcreOptions, MayBeObsolete) {
  const OpenedTable opened = open("/a/X");
  EXPECT_THAT(opened.warnings, ElementsAre("pcre map r, line 1: ignoring obsolete regexp option \"X\""));
  EXPECT_TRUE(has(opened, "a"));
}

}  // namespace
}  // namespace uflush
