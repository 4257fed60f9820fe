// Where lines come to lie: filler, pages, copies over old lines.
#include "core/line_layout.hpp"

#include <gtest/gtest.h>

#include "protocol/queue_id.hpp"
#include "tests/core/log_lines.hpp"
#include "tests/sim/dice.hpp"

namespace uflush {
namespace {

TEST(Filler, IsMadeOfLinesOfZerosThatAreValidQueueIds) {
  for (std::size_t bytes = filler_bytes_min; bytes < 600; ++bytes) {
    std::string text;
    append_filler(text, bytes);
    EXPECT_EQ(text.size(), bytes);
    EXPECT_EQ(text.back(), '\n');
    for (const std::string& line : lines_of(text)) {
      EXPECT_TRUE(is_valid_queue_id(line));
      EXPECT_TRUE(is_filler(line));
      EXPECT_GE(line.size() + 1, filler_bytes_min);
      EXPECT_LE(line.size() + 1, filler_bytes_max);
    }
  }
}

TEST(PageLayout, LeavesLinesAloneThatStayOnTheirPage) {
  const std::string lines = "A1\nB2\n";
  EXPECT_EQ(PageLayout(lines, 0).bytes(), lines);
  EXPECT_EQ(PageLayout(lines, PageLayout::page_bytes - 6).bytes(), lines);
  EXPECT_EQ(PageLayout(lines, PageLayout::page_bytes - 15).bytes(), lines);
}

TEST(PageLayout, FillsThePageBeforeALineThatWouldStraddleOrLeaveTooLittle) {
  EXPECT_EQ(PageLayout("A1\nB2\n", PageLayout::page_bytes - 12).bytes(), "A1\n00000000\nB2\n");
  EXPECT_EQ(PageLayout("A1\n", PageLayout::page_bytes - 11).bytes(), "0000000000\nA1\n");
}

TEST(PageLayout, LetsALineStraddleWhereOthersHaveLeftTooLittle) {
  EXPECT_EQ(PageLayout("A1\nB2\n", PageLayout::page_bytes - 2).bytes(), "A1\nB2\n");
}

TEST(PageLayout, KnowsWhichLinesAreAmongTheFirstBytes) {
  const PageLayout layout("A1\nB2\n", PageLayout::page_bytes - 12);
  EXPECT_EQ(layout.lines_within(3), 3U);
  EXPECT_EQ(layout.lines_within(12), 3U);
  EXPECT_EQ(layout.lines_within(15), 6U);
}

TEST(CopyOver, EndsWhereALineOfTheOldTextEnds) {
  EXPECT_EQ(copy_over("ABC\nDEF\n", "XYZ\n"), "XYZ\n");
  EXPECT_EQ(copy_over("ABC\nDEF\n", "XYZ\nUVW\n"), "XYZ\nUVW\n");
  EXPECT_EQ(copy_over("ABC\n0123456789\n", "XYZW\n"), "XYZW\n000000000\n");
}

TEST(CopyOver, FillsUpALongLineWithLinesOfFiller) {
  const auto copy = copy_over(std::string("ABC\n").append(250, 'x') + "\n", "XYZW\n");
  ASSERT_TRUE(copy.has_value());
  EXPECT_EQ(copy->size(), 255U);
  EXPECT_EQ(without_fillers(*copy), std::vector<std::string>{"XYZW"});
}

TEST(CopyOver, TerminatesAnUnterminatedLine) {
  EXPECT_EQ(copy_over("ABC\nDEF\n", "XYZ"), "XYZ\n");
  EXPECT_EQ(copy_over("ABCD\nE\nFGHIJKL\n", "X2"), "X2\n00000000000\n");
}

TEST(CopyOver, IsImpossibleWhenTheOldTextIsTooShort) {
  EXPECT_EQ(copy_over("ABC\n", "XYZW\n"), std::nullopt);
  EXPECT_EQ(copy_over("ABC\nDEF\n", "XYZW\n"), std::nullopt);
  EXPECT_EQ(copy_over("", "X\n"), std::nullopt);
  EXPECT_EQ(copy_over("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "XYZ\n"), std::nullopt);
}

TEST(CopyOver, MakesNoEmptyLineWhereverItIsCutShort) {
  std::size_t copied = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Dice dice{Seed{seed}};
    const auto lines = [&](std::size_t count) {
      std::string text;
      for (; count > 0; --count) text.append(dice.between(1, 14), 'a').push_back('\n');
      return text;
    };
    const std::string old = lines(12);
    const auto copy = copy_over(old, lines(dice.between(1, 6)));
    if (!copy) continue;
    ++copied;
    for (std::size_t cut = 0; cut <= copy->size(); ++cut) {
      const std::string text = copy->substr(0, cut) + old.substr(cut);
      EXPECT_EQ(text.find("\n\n"), std::string::npos) << seed << " " << cut << "\n" << text;
    }
  }
  EXPECT_GT(copied, 1000U);
}

}  // namespace
}  // namespace uflush
