#include "core/case_fold.hpp"

#include <gtest/gtest.h>

namespace uflush {
namespace {

TEST(FoldCase, LowersAsciiInBothModes) {
  for (const auto folding : {Folding::ascii, Folding::utf8})
    EXPECT_EQ(fold_case("A.B-Z@[", folding), "a.b-z@[");
}

TEST(FoldCase, GivesTheTextItselfWhenThereIsNothingToFold) {
  std::string scratch;
  const std::string_view site = "example.com";
  EXPECT_EQ(fold_case(site, Folding::utf8, scratch).data(), site.data());
  EXPECT_EQ(scratch.capacity(), std::string().capacity());
}

TEST(FoldCase, FoldsUnicodeOnlyWhenAsked) {
  EXPECT_EQ(fold_case("Ü.Y", Folding::utf8), "ü.y");
  EXPECT_EQ(fold_case("Ü.Y", Folding::ascii), "Ü.y");
  EXPECT_EQ(fold_case("straße", Folding::utf8), "strasse");
  EXPECT_EQ(fold_case("Σς", Folding::utf8), "σσ");
  EXPECT_EQ(fold_case("İ", Folding::utf8), "i̇");
}

TEST(FoldCase, GrowsTheTextWhereFoldingMakesItLonger) {
  std::string text;
  std::string folded;
  for (int i = 0; i < 100; ++i) {
    text += "\u0390";
    folded += "\u03b9\u0308\u0301";
  }
  EXPECT_EQ(fold_case(text, Folding::utf8), folded);
}

TEST(FoldCase, FoldsTheCharactersAroundMalformedUtf8) {
  EXPECT_EQ(fold_case("B\xfc"
                      "CHER",
                      Folding::utf8),
            "b\xfc"
            "cher");
  EXPECT_EQ(fold_case("Ü\xff.X", Folding::utf8), "ü\xff.x");
  EXPECT_EQ(fold_case("Ü\xf0\x9f\x98.X", Folding::utf8), "ü\xf0\x9f\x98.x");
  EXPECT_EQ(fold_case("Ü\xed\xa0\x80.X", Folding::utf8), "ü\xed\xa0\x80.x");
}

TEST(FoldCase, KeepsEveryByteOfARunOfMalformedOnes) {
  EXPECT_EQ(fold_case("\xff\xc3\x9c\x9c\xc3"
                      "Z\xf4\x90\x80\x80\xe2\x80",
                      Folding::utf8),
            "\xff\xc3\xbc\x9c\xc3"
            "z\xf4\x90\x80\x80\xe2\x80");
}

TEST(FoldCase, MayFoldIntoTheScratchThatItReadsFrom) {
  std::string scratch = "ÜBER.Example";
  EXPECT_EQ(fold_case(scratch, Folding::utf8, scratch), "über.example");
}

}  // namespace
}  // namespace uflush
