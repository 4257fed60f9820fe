/// Draws main.cf files and values from a seed: proper ones, odd ones, broken ones.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/dice.hpp"

namespace uflush::corpus {

class MainCfText {
 public:
  explicit MainCfText(Seed seed) : dice_(seed) {}

  /// Entries named n0 to n9 in odd layouts: continuations, comments in between, blank lines, carriage
  /// returns, an indented beginning, entries without a name or a `=`, NULs. Values refer to lower numbers
  /// only, and most of them expand.
  [[nodiscard]] std::string file();
  /// A value that refers to n0..n7 and expands without an error.
  [[nodiscard]] std::string value(std::size_t depth);
  /// Such a value with one or two bytes more, less, or other than it should have.
  [[nodiscard]] std::string broken_value();

 private:
  [[nodiscard]] std::string entry(std::size_t number);
  [[nodiscard]] std::string odd_line();
  [[nodiscard]] std::string piece(std::size_t depth);
  [[nodiscard]] std::string reference();
  [[nodiscard]] std::string comparison(std::size_t depth);
  [[nodiscard]] std::string branches(std::size_t depth);
  [[nodiscard]] std::string braced(std::size_t depth);
  [[nodiscard]] std::string operand_of_levels();
  [[nodiscard]] std::string blanks();
  [[nodiscard]] std::string one_of(const std::vector<std::string>& texts) {
    return texts[dice_.below(texts.size())];
  }

  Dice dice_;
  std::size_t names_ = 8;  ///< references go to names with smaller numbers
};

}  // namespace uflush::corpus
